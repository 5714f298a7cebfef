import type { Waiting, WithdrawalStore } from '../../../features/withdrawals/store.ts'
import type { Row } from '../../money-tables.ts'
import type { Sync } from '../sync.ts'
import type { View } from './database.ts'
import { byId, isOpenWithdrawal, nothing } from './rows.ts'

type Withdrawal = Row<'withdrawal'>

const notWaiting = { waits_for: null, wait_until: null, gas_shortfall: null } satisfies Partial<Withdrawal>

const waitingFor = (waiting: Waiting): Partial<Withdrawal> => ({
  waits_for: waiting.for,
  wait_until: waiting.for === 'lock-time' ? waiting.until : null,
  gas_shortfall: waiting.for === 'gas' ? waiting.shortfall : null,
})

/** The twin of the store of withdrawals. */
export function memoryWithdrawals(view: View): Sync<WithdrawalStore> {
  const rows = () => view.tables().withdrawal

  const changeOpen = (id: number, change: Partial<Withdrawal>) => {
    view.change((statement) =>
      statement.update(
        'withdrawal',
        (row) => row.id === id && isOpenWithdrawal(row),
        () => change,
      ),
    )
    return nothing
  }

  return {
    create: ({ user, digest, amount, now }) =>
      view.change((statement) =>
        statement.tryInsert('withdrawal', {
          id: view.nextId('withdrawal'),
          user_address: user,
          digest,
          cancel_digest: null,
          amount,
          state: 'open',
          ...notWaiting,
          rest: 0n,
          created_at: now,
        }),
      ),

    find: (id) => rows().find((row) => row.id === id),

    findSigned: ({ user, digest }) => rows().find((row) => row.digest === digest && row.user_address === user),

    findOpen: (user) => rows().find((row) => row.user_address === user && isOpenWithdrawal(row)),

    findCancelled: ({ user, digest }) =>
      rows().find((row) => row.cancel_digest === digest && row.user_address === user),

    listOpen: () => rows().filter(isOpenWithdrawal).sort(byId),

    wait: (id, waiting) => changeOpen(id, waitingFor(waiting)),

    // It waits for those who write, as it would for their row locks.
    lock: (id, state) =>
      view.change(({ tables }) => tables().withdrawal.find((row) => row.id === id && row.state === state)),

    setRest: (id, rest) => changeOpen(id, { rest }),

    cancel: ({ id, digest }) =>
      view.change((statement) => {
        const isLeaving = statement
          .tables()
          .chain_transaction.some(
            ({ withdrawal_id: withdrawalId, kind, state }) =>
              withdrawalId === id && (kind === 'refund' || kind === 'payout') && state !== 'failed',
          )
        const [cancelled] = statement.update(
          'withdrawal',
          (row) => row.id === id && row.state === 'open' && !isLeaving,
          (): Partial<Withdrawal> => ({
            ...waitingFor({ for: 'transaction' }),
            state: 'cancelling',
            cancel_digest: digest,
          }),
        )
        return cancelled
      }),

    end: (id, state) => changeOpen(id, { ...notWaiting, state }),
  }
}
