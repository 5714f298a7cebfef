import type { ReservationStore } from '../../../features/broker/reservation-store.ts'
import { minimumProviderLock } from '../../../features/broker/terms.ts'
import { least, most } from '../../../platform/neuron.ts'
import type { Row } from '../../money-tables.ts'
import type { Sync } from '../sync.ts'
import type { View } from './database.ts'
import { hasOpenWithdrawal, nothing, ofSubAccount } from './rows.ts'

type Reservation = Row<'reservation'>
type Book = Row<'sub_account'>

/** As in the real store. */
const batchSize = 100

const isUnended = ({ state }: Reservation) => state === 'held' || state === 'unknown'

/** The twin of the store of reservations. */
export function memoryReservations(view: View): Sync<ReservationStore> {
  const changeBook = (account: { user: string; provider: string }, change: (book: Book) => Partial<Book>) =>
    view.change((statement) => statement.update('sub_account', ofSubAccount(account), change))

  /** Ends a reservation and moves the tallies of its sub-account. Returns whether it had not ended before. */
  const end = (
    id: string,
    ended: Partial<Reservation>,
    tally: (book: Book, amount: bigint) => Partial<Book>,
  ): boolean =>
    view.change((statement) => {
      const [reservation] = statement.update(
        'reservation',
        (row) => row.id === id && isUnended(row),
        () => ended,
      )
      if (!reservation) return false
      const { user_address: user, provider, amount } = reservation
      statement.update('sub_account', ofSubAccount({ user, provider }), (book) => tally(book, amount))
      return true
    })

  const makeUnknown = (isMeant: (row: Reservation) => boolean) => {
    view.change((statement) =>
      statement.update(
        'reservation',
        (row) => row.state === 'held' && isMeant(row),
        (): Partial<Reservation> => ({ state: 'unknown' }),
      ),
    )
    return nothing
  }

  const addAdjustment = (correction: Omit<Row<'adjustment'>, 'id'>) =>
    view.change((statement) => statement.insert('adjustment', { id: view.nextId('adjustment'), ...correction }))

  const charge = ({ id, cost }: { id: string; cost: bigint }): boolean =>
    end(id, { state: 'charged', cost }, ({ reserved, charged, checked, slack }, amount) => ({
      reserved: reserved - amount,
      charged: charged + cost,
      checked: cost === 0n ? -1n : checked,
      slack: slack + most(amount - cost, 0n),
    }))

  return {
    hold: (request) =>
      view.change((statement) => {
        const { id, user, provider, amount } = request
        const canPay = ({ deposited, charged, reserved }: Book) =>
          deposited - charged - reserved - minimumProviderLock >= amount
        const isOurs = ofSubAccount({ user, provider })
        const [taken] = statement.update(
          'sub_account',
          (book) => isOurs(book) && canPay(book) && !hasOpenWithdrawal(statement.tables().withdrawal, user),
          ({ reserved }) => ({ reserved: reserved + amount }),
        )
        if (!taken) return undefined
        statement.insert('reservation', {
          id,
          request_id: request.requestId,
          user_address: user,
          digest: request.digest,
          provider,
          model: request.model,
          amount,
          cost: null,
          state: 'held',
          held_until: request.heldUntil,
          created_at: request.now,
        })
        return { id }
      }),

    charge,

    find: (id) => view.tables().reservation.find((row) => row.id === id),

    release(id) {
      end(id, { state: 'released', cost: 0n }, ({ reserved }, amount) => ({ reserved: reserved - amount }))
      return { rows: nothing }
    },

    markUnknown: (id) => makeUnknown((row) => row.id === id),

    markOverdueUnknown: (now) => makeUnknown((row) => row.held_until.getTime() < now.getTime()),

    listDue(now) {
      const { sub_account: books, reservation: reservations } = view.tables()
      const isInFlight = (row: Reservation) =>
        row.state === 'held' || (row.state === 'unknown' && row.held_until.getTime() >= now.getTime())
      return books
        .filter((book) => book.charged !== book.checked || book.reserved > 0n)
        .filter(({ user_address: user, provider }) => {
          const isOurs = ofSubAccount({ user, provider })
          return !reservations.some((row) => isOurs(row) && isInFlight(row))
        })
        .sort((a, b) => lookedAtMs(a) - lookedAtMs(b))
        .slice(0, batchSize)
        .map(({ user_address, provider }) => ({ user_address, provider }))
    },

    adjust({ user, provider, amount, now }) {
      addAdjustment({ user_address: user, provider, amount, reason: 'billed', created_at: now })
      changeBook({ user, provider }, ({ charged, slack }) => ({
        charged: charged + amount,
        slack: most(slack - most(amount, 0n), 0n),
      }))
    },

    waive({ user, provider, now }) {
      const isOurs = ofSubAccount({ user, provider })
      // It locks the row, so it waits as writes do.
      const book = view.change((statement) => statement.tables().sub_account.find(isOurs))
      if (!book) return 0n
      let unexplained = most(book.deposited - book.charged, 0n)
      const ended = view.tables().reservation.filter((row) => isOurs(row) && isUnended(row))
      for (const row of ended.sort(byAge)) {
        const cost = least(row.amount, unexplained)
        charge({ id: row.id, cost })
        unexplained -= cost
      }
      let amount = 0n
      changeBook({ user, provider }, ({ deposited, charged, slack }) => {
        amount = least(deposited - charged, slack)
        return {
          charged: charged + amount,
          settled: deposited,
          slack: slack - amount,
          checked: charged + amount === deposited ? deposited : -1n,
        }
      })
      if (amount === 0n) return 0n
      const reason = amount < 0n ? 'waived' : 'billed'
      addAdjustment({ user_address: user, provider, amount, reason, created_at: now })
      return most(-amount, 0n)
    },

    markLooked({ user, provider, now }) {
      changeBook({ user, provider }, () => ({ looked_at: now }))
      return nothing
    },

    markChecked({ user, provider, settled }) {
      changeBook({ user, provider }, ({ charged, deposited, slack }) => ({
        checked: charged,
        slack: deposited === settled ? slack : 0n,
        settled,
      }))
      return nothing
    },

    isEmptied(account) {
      const book = view.tables().sub_account.find(ofSubAccount(account))
      return book !== undefined && book.settled === book.deposited
    },

    hasHeld(account) {
      const isOurs = ofSubAccount(account)
      return view.tables().reservation.some((row) => isOurs(row) && row.state === 'held')
    },

    listUnknown({ user, provider, before }) {
      const isOurs = ofSubAccount({ user, provider })
      return view
        .tables()
        .reservation.filter(
          (row) => isOurs(row) && row.state === 'unknown' && row.held_until.getTime() < before.getTime(),
        )
        .sort((a, b) => a.created_at.getTime() - b.created_at.getTime())
        .map(({ id, amount }) => ({ id, amount }))
    },
  }
}

/** Those nobody has looked at come first. */
function lookedAtMs({ looked_at: at }: Book): number {
  return at?.getTime() ?? Number.MIN_SAFE_INTEGER
}

const byAge = (a: Reservation, b: Reservation) =>
  a.created_at.getTime() - b.created_at.getTime() || (a.id < b.id ? -1 : 1)
