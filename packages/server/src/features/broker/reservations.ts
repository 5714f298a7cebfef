import { randomUUID } from 'node:crypto'
import type { Address } from 'viem'
import { type Db, isUniqueViolation } from '../../database/connect.ts'
import type { Clock } from '../../platform/clock.ts'
import { AppError } from '../../platform/errors.ts'
import type { Principal } from '../../platform/principal.ts'
import { createReservationStore, type ReservationStore } from './reservation-store.ts'

export type Reservation = { id: string; amount: bigint }

export type Reservations = ReturnType<typeof createReservations>

/** Holds the worst-case cost of a request before it is sent, and books what became of it. Neuron. */
export function createReservations(deps: {
  db: Db
  clock: Pick<Clock, 'now'>
  storeOf?: (db: Db) => ReservationStore
}) {
  const { db, clock, storeOf = createReservationStore } = deps
  const store = storeOf(db)
  return {
    /**
     * Holds `amount` in the sub-account; undefined when it cannot pay. Throws `provider-failed` when this signed request
     * already held or paid something: its answer was lost with the process that ran it.
     */
    async hold(options: {
      principal: Principal
      requestId: string
      provider: Address
      model: string
      amount: bigint
      heldUntilMs: number
    }): Promise<Reservation | undefined> {
      const { principal, requestId, provider, model, amount, heldUntilMs } = options
      const id = randomUUID()
      try {
        const held = await store.hold({
          id,
          requestId,
          user: principal.address,
          digest: principal.digest,
          provider,
          model,
          amount,
          heldUntil: new Date(heldUntilMs),
          now: new Date(clock.now()),
        })
        return held && { id, amount }
      } catch (error) {
        if (!isUniqueViolation(error)) throw error
        throw new AppError(
          'provider-failed',
          'This request was sent before and its answer was lost: sign a new one. What it cost is being reconciled',
        )
      }
    },

    /** Books the cost and frees the rest, within the caller's transaction. */
    async charge(trx: Db, { id }: Reservation, cost: bigint): Promise<void> {
      const own = storeOf(trx)
      if (await own.charge({ id, cost })) return
      // This process stood still for so long that reconciliation has ended the reservation: book what that did not.
      const ended = await own.find(id)
      const missing = cost - (ended?.cost ?? cost)
      if (!ended || missing === 0n) return
      const { user_address: user, provider } = ended
      // Closing its books has left room for it, should the provider ever collect it.
      if (await own.isEmptied({ user, provider })) return
      await own.adjust({ user, provider, amount: missing, now: new Date(clock.now()) })
    },

    /** Frees everything: only for a request that surely cost nothing. */
    release: ({ id }: Reservation) => store.release(id),

    /** Keeps everything held until reconciliation: the request may have been billed. */
    markUnknown: ({ id }: Reservation, trx: Db = db) => storeOf(trx).markUnknown(id),
  }
}
