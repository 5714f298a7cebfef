import type { AccountStore } from '../../../features/broker/store.ts'
import { most, sum } from '../../../platform/neuron.ts'
import type { Row } from '../../money-tables.ts'
import type { Sync } from '../sync.ts'
import type { View } from './database.ts'
import { byProvider, isOpenEntry, nothing, ofSubAccount } from './rows.ts'

/** What a new sub-account has not been through yet. */
const untouched = {
  charged: 0n,
  opening: 0n,
  reserved: 0n,
  checked: 0n,
  slack: 0n,
  settled: 0n,
  looked_at: null,
} satisfies Partial<Row<'sub_account'>>

const isMove = ({ kind }: Row<'chain_transaction'>) => kind === 'transfer' || kind === 'restore' || kind === 'retrieve'

/** The twin of the store of accounts. */
export function memoryAccounts(view: View): Sync<AccountStore> {
  return {
    findLedger: (user) => view.tables().ledger.find((ledger) => ledger.user_address === user),

    listSubAccounts: (user) =>
      view
        .tables()
        .sub_account.filter((book) => book.user_address === user)
        .sort(byProvider),

    sumBalance(user) {
      const { ledger: ledgers, sub_account: books } = view.tables()
      const free = books
        .filter((book) => book.user_address === user)
        .map(({ deposited, charged, reserved }) => most(deposited - charged - reserved, 0n))
      return sum(free) + (ledgers.find((ledger) => ledger.user_address === user)?.available ?? 0n)
    },

    saveLedger({ user, brokerAddress, available, blockNumber }) {
      const reading = { available, block_number: blockNumber }
      view.change((statement) => {
        if (statement.tryInsert('ledger', { user_address: user, broker_address: brokerAddress, ...reading })) return
        statement.update(
          'ledger',
          (ledger) => ledger.user_address === user && ledger.block_number <= blockNumber,
          () => reading,
        )
      })
      return nothing
    },

    listOpenMoves: (user) =>
      view
        .tables()
        .chain_transaction.filter((entry) => entry.user_address === user && isMove(entry) && isOpenEntry(entry))
        .map(({ kind, provider, amount }) => ({ kind, provider, amount })),

    creditSubAccount({ user, provider, amount }) {
      view.change((statement) => {
        const fresh = { user_address: user, provider, ...untouched, deposited: amount }
        if (statement.tryInsert('sub_account', fresh)) return
        statement.update('sub_account', ofSubAccount({ user, provider }), ({ deposited }) => ({
          deposited: deposited + amount,
        }))
      })
      return nothing
    },

    moveDeposited({ user, provider, moved }) {
      view.change((statement) =>
        statement.update('sub_account', ofSubAccount({ user, provider }), ({ deposited }) => ({
          deposited: most(deposited + moved, 0n),
        })),
      )
      return nothing
    },

    openFoundSubAccount({ user, provider, deposited, charged, blockNumber }) {
      view.change((statement) => {
        const { chain_transaction: entries, sighting: sightings } = statement.tables()
        const isNewer = ({ block_number: block }: Row<'chain_transaction'>) => block === null || block > blockNumber
        const touches = ({ id }: Row<'chain_transaction'>) =>
          sightings.some((sighting) => sighting.transaction_id === id && sighting.provider === provider)
        const isExplained = entries
          .filter((entry) => entry.user_address === user && entry.state !== 'failed')
          .some((entry) =>
            entry.kind === 'transfer' && entry.provider === provider ? true : touches(entry) && isNewer(entry),
          )
        if (isExplained) return
        const found = { user_address: user, provider, ...untouched, deposited, charged, opening: charged }
        statement.tryInsert('sub_account', found)
      })
      return { rows: nothing }
    },

    markDue(account) {
      view.change((statement) => statement.update('sub_account', ofSubAccount(account), () => ({ checked: -1n })))
      return nothing
    },

    // It waits for those who write, as it would for their row locks.
    lockUnchanged: (book) =>
      view.change(({ tables }) => {
        const found = tables().sub_account.find(ofSubAccount({ user: book.user_address, provider: book.provider }))
        const isUnchanged =
          found?.deposited === book.deposited && found.charged === book.charged && found.reserved === book.reserved
        return found && isUnchanged ? { provider: found.provider } : undefined
      }),
  }
}
