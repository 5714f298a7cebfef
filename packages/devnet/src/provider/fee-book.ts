import type { Address, Hex } from 'viem'

/** One finished, unsettled request. */
export type Charge = { requestHash: string; inputFee: bigint; outputFee: bigint }

/** What one transaction collects: of each user the oldest `count` charges, `total` neuron in all. */
export type PendingSettlement = { hash: Hex; tabs: { user: Address; count: number; total: bigint }[] }

/** All a fee book knows. */
export type FeeRecord = { tabs: Map<Address, Charge[]>; pending: PendingSettlement | undefined }

type Paid = { user: Address; count: number; paid: bigint }

export type FeeBook = ReturnType<typeof createFeeBook>

/**
 * What the users owe the provider, in neuron. Every change counts at once; what it returns resolves when `save` has
 * kept it.
 */
export function createFeeBook({ tabs, pending }: FeeRecord = emptyRecord(), save = async (_book: FeeRecord) => {}) {
  const record: FeeRecord = { tabs: new Map(tabs), pending }
  const totals = new Map([...record.tabs].map(([user, charges]) => [user, sum(charges)]))

  function tabOf(user: Address): Charge[] {
    const known = record.tabs.get(user)
    if (known) return known
    const charges: Charge[] = []
    record.tabs.set(user, charges)
    return charges
  }

  function close({ user, count, paid }: Paid): void {
    const charges = tabOf(user)
    const closed = sum(charges.splice(0, count))
    if (closed > paid) charges.unshift({ requestHash: 'rest', inputFee: 0n, outputFee: closed - paid })
    totals.set(user, (totals.get(user) ?? 0n) - paid)
    if (charges.length === 0) {
      record.tabs.delete(user)
      totals.delete(user)
    }
  }

  return {
    charge(user: Address, charge: Charge): Promise<void> {
      tabOf(user).push(charge)
      totals.set(user, (totals.get(user) ?? 0n) + feeOf(charge))
      return save(record)
    },
    unsettled: (user: Address): bigint => totals.get(user) ?? 0n,
    /** Everybody who owes something, with a copy of what for. */
    listOpen: (): { user: Address; charges: Charge[]; total: bigint }[] =>
      [...record.tabs]
        .map(([user, charges]) => ({ user, charges: [...charges], total: totals.get(user) ?? 0n }))
        .filter(({ total }) => total > 0n),
    pending: (): PendingSettlement | undefined => record.pending,
    /** To be called before the transaction is sent, so that its outcome is never forgotten. */
    begin(settlement: PendingSettlement): Promise<void> {
      record.pending = settlement
      return save(record)
    },
    /** Closes the oldest `count` charges of each user, of which `paid` was paid; what is missing stays owed. */
    finish(paid: Paid[]): Promise<void> {
      paid.forEach(close)
      record.pending = undefined
      return save(record)
    },
  }
}

export function emptyRecord(): FeeRecord {
  return { tabs: new Map(), pending: undefined }
}

export function feeOf({ inputFee, outputFee }: Charge): bigint {
  return inputFee + outputFee
}

function sum(charges: Charge[]): bigint {
  return charges.reduce((total, charge) => total + feeOf(charge), 0n)
}
