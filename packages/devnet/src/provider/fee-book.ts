import type { Address } from 'viem'

/** One finished, unsettled request. */
export type Charge = { requestHash: string; inputFee: bigint; outputFee: bigint }

type Tab = { charges: Charge[]; total: bigint }

export type FeeBook = ReturnType<typeof createFeeBook>

/** What the users owe the provider, in neuron. Kept in memory. */
export function createFeeBook() {
  const tabs = new Map<Address, Tab>()
  const tabOf = (user: Address): Tab => {
    const known = tabs.get(user)
    if (known) return known
    const tab = { charges: [], total: 0n }
    tabs.set(user, tab)
    return tab
  }
  return {
    charge(user: Address, charge: Charge): void {
      const tab = tabOf(user)
      tab.charges.push(charge)
      tab.total += feeOf(charge)
    },
    unsettled: (user: Address): bigint => tabs.get(user)?.total ?? 0n,
    /** Everybody who owes something, with a copy of what for. */
    listOpen: (): { user: Address; charges: Charge[]; total: bigint }[] =>
      [...tabs]
        .filter(([, { total }]) => total > 0n)
        .map(([user, { charges, total }]) => ({ user, charges: [...charges], total })),
    /** Closes the oldest `count` charges of a user, of which `paid` was paid; what is missing stays owed. */
    close(user: Address, { count, paid }: { count: number; paid: bigint }): void {
      const tab = tabOf(user)
      const closed = tab.charges.splice(0, count).reduce((sum, charge) => sum + feeOf(charge), 0n)
      tab.total -= paid
      if (closed > paid) tab.charges.unshift({ requestHash: 'rest', inputFee: 0n, outputFee: closed - paid })
    },
  }
}

export function feeOf({ inputFee, outputFee }: Charge): bigint {
  return inputFee + outputFee
}
