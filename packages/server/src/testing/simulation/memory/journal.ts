import type { JournalStore } from '../../../features/funding/store.ts'
import type { Hex } from '../../../platform/hex.ts'
import type { Row } from '../../money-tables.ts'
import type { Sync } from '../sync.ts'
import type { View } from './database.ts'
import { byId, byNonce, byProvider, hasOpenWithdrawal, isOpenEntry, isOpenWithdrawal, nothing } from './rows.ts'

type Entry = Row<'chain_transaction'>

/** The twin of the journal store. */
export function memoryJournal(view: View): Sync<JournalStore> {
  const entries = () => view.tables().chain_transaction

  const addAttempt = (attempt: { transactionId: number; raw: Hex; hash: Hex; now: Date }) =>
    view.change((statement) =>
      statement.insert('transaction_attempt', {
        hash: attempt.hash,
        transaction_id: attempt.transactionId,
        raw: attempt.raw,
        created_at: attempt.now,
      }),
    )

  /** Changes an entry that is still open; undefined when it is not. */
  const changeOpen = (id: number, change: Partial<Entry>, isMeant: (entry: Entry) => boolean = isOpenEntry) =>
    view.change((statement) => {
      const [changed] = statement.update(
        'chain_transaction',
        (entry) => entry.id === id && isMeant(entry),
        () => change,
      )
      return changed
    })

  return {
    // One transaction at a time is stricter than one per broker key.
    lock: () => view.change(() => ({ rows: nothing })),

    find: (id) => entries().find((entry) => entry.id === id),

    findOpen: (user) =>
      entries()
        .filter((entry) => entry.user_address === user && isOpenEntry(entry))
        .sort(byNonce)[0],

    listOpen: () => entries().filter(isOpenEntry).sort(byId),

    nextNonce: (brokerAddress) =>
      entries().reduce(
        (next, { broker_address: address, nonce }) => (address === brokerAddress ? Math.max(next, nonce + 1) : next),
        0,
      ),

    listSightings: (transactionId) =>
      view
        .tables()
        .sighting.filter((sighting) => sighting.transaction_id === transactionId)
        .map(({ provider, balance, block_number }) => ({ provider, balance, block_number }))
        .sort(byProvider),

    listOfWithdrawal: (withdrawalId) =>
      entries()
        .filter((entry) => entry.withdrawal_id === withdrawalId)
        .sort(byNonce),

    hasOpenWithdrawal: (user) => hasOpenWithdrawal(view.tables().withdrawal, user),

    append(entry) {
      const row = view.change((statement) =>
        statement.insert('chain_transaction', {
          id: view.nextId('chain_transaction'),
          user_address: entry.user,
          broker_address: entry.brokerAddress,
          nonce: entry.nonce,
          kind: entry.kind,
          provider: entry.provider,
          amount: entry.amount,
          raw: entry.raw,
          hash: entry.hash,
          state: 'prepared',
          block_number: null,
          gas_used: null,
          effective_gas_price: null,
          withdrawal_id: entry.withdrawalId,
          created_at: entry.now,
        }),
      )
      for (const { provider, balance, blockNumber } of entry.sightings) {
        view.change((statement) =>
          statement.insert('sighting', { transaction_id: row.id, provider, balance, block_number: blockNumber }),
        )
      }
      addAttempt({ transactionId: row.id, raw: entry.raw, hash: entry.hash, now: entry.now })
      return row
    },

    replace(entry, { raw, hash, now }) {
      const row = changeOpen(entry.id, { raw, hash }, (now) => now.hash === entry.hash && isOpenEntry(now))
      if (row) addAttempt({ transactionId: row.id, raw, hash, now })
      return row
    },

    listAttempts: (id) =>
      view
        .tables()
        .transaction_attempt.filter((attempt) => attempt.transaction_id === id)
        .map(({ hash, raw, created_at }) => ({ hash, raw, created_at }))
        .sort((a, b) => b.created_at.getTime() - a.created_at.getTime()),

    markSent(id, state) {
      const before: readonly Entry['state'][] = state === 'broadcast' ? ['prepared', 'unknown'] : ['prepared']
      changeOpen(id, { state }, (entry) => before.includes(entry.state))
      return nothing
    },

    noteShortfall(id, shortfall) {
      view.change((statement) => {
        const entry = statement.tables().chain_transaction.find((row) => row.id === id && isOpenEntry(row))
        if (!entry) return
        statement.update(
          'withdrawal',
          (row) => row.id === entry.withdrawal_id && isOpenWithdrawal(row),
          (): Partial<Row<'withdrawal'>> => ({
            waits_for: shortfall > 0n ? 'gas' : 'transaction',
            wait_until: null,
            gas_shortfall: shortfall > 0n ? shortfall : null,
          }),
        )
      })
      return nothing
    },

    end(id, receipt) {
      const mined = view.tables().transaction_attempt.find(({ hash }) => hash === receipt.hash)
      return changeOpen(id, {
        state: receipt.succeeded ? 'confirmed' : 'failed',
        hash: receipt.hash,
        ...(mined && { raw: mined.raw }),
        block_number: receipt.blockNumber,
        gas_used: receipt.gasUsed,
        effective_gas_price: receipt.effectiveGasPrice,
      })
    },

    endWithout: (id) => changeOpen(id, { state: 'failed' }),

    appendDeposit(deposit) {
      view.change((statement) =>
        statement.insert('deposit', {
          user_address: deposit.user,
          digest: deposit.digest,
          transaction_id: deposit.transactionId,
          created_at: deposit.now,
        }),
      )
      return nothing
    },

    findDeposit({ user, digest }) {
      const { deposit: deposits, chain_transaction: journal } = view.tables()
      const deposit = deposits.find((row) => row.digest === digest && row.user_address === user)
      return deposit && journal.find(({ id }) => id === deposit.transaction_id)
    },
  }
}
