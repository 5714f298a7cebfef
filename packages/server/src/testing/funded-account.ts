import { randomUUID } from 'node:crypto'
import type { NewReservation } from '../features/broker/reservation-store.ts'
import { minimumProviderLock } from '../features/broker/terms.ts'
import type { MoneyStores } from './money-stores.ts'
import { randomAddress, randomHash } from './random-hex.ts'

/** When its reservations are made; they are held for a minute. */
export const now = new Date('2026-01-01T00:00:00.000Z')

/** A sub-account that can pay 100 neuron for analyses. */
export async function openFundedAccount({ db, accountsOf, reservationsOf, withdrawalsOf, listRows }: MoneyStores) {
  const accounts = accountsOf(db)
  const store = reservationsOf(db)
  const account = { user: randomAddress(), provider: randomAddress() }
  await accounts.creditSubAccount({ ...account, amount: minimumProviderLock + 100n })
  const request = (amount: bigint): NewReservation => ({
    ...account,
    id: randomUUID(),
    requestId: 'a-request',
    digest: randomHash(),
    model: 'a-model',
    amount,
    heldUntil: new Date(now.getTime() + 60_000),
    now,
  })
  const hold = async (amount: bigint) => {
    const reservation = request(amount)
    return (await store.hold(reservation)) && reservation.id
  }
  const book = async () => {
    const [found] = await accounts.listSubAccounts(account.user)
    return { charged: found?.charged, reserved: found?.reserved }
  }
  const listAdjustments = async () =>
    (await listRows('adjustment'))
      .filter(({ provider }) => provider === account.provider)
      .map(({ amount, reason }) => ({ amount, reason }))
  return { store, accounts, withdrawals: withdrawalsOf(db), account, request, hold, book, listAdjustments }
}
