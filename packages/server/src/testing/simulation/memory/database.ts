import { openStatement, type Statement } from './statement.ts'
import { type CountedTable, noRows, type Tables } from './tables.ts'
import { Violation } from './violation.ts'

/** What the twins of the stores work on: the committed state, or a transaction's own. */
export type View = {
  /** As they are now. Whoever keeps them keeps what they were. */
  tables: () => Tables
  /** Runs one statement that writes, or that waits for those who do: all of it or, when it throws, nothing. */
  change: <R>(work: (statement: Statement) => R) => R
  /** Counts on, whatever becomes of the statement: ids have gaps, as in Postgres. */
  nextId: (table: CountedTable) => number
}

/** A transaction's own view. Nobody sees what it writes before `commit`. */
export type Fork = View & { commit: () => void; rollback: () => void }

export type MemoryDatabase = ReturnType<typeof createMemoryDatabase>

/**
 * The tables in memory. Transactions take place one at a time, and a write outside waits for their end; who schedules sees
 * to that by `isOpen`, or this throws. Without `uniqueDigests` a signed request may act as often as it likes.
 */
export function createMemoryDatabase({ uniqueDigests = true }: { uniqueDigests?: boolean } = {}) {
  let committed = noRows
  let isOpen = false
  const lastIds = { withdrawal: 0, chain_transaction: 0, adjustment: 0 }

  const nextId = (table: CountedTable): number => {
    lastIds[table] += 1
    return lastIds[table]
  }

  function checkClosed(): void {
    if (isOpen) throw new Error('A transaction is open: wait for its end')
  }

  /** Every statement of it is committed by itself. */
  const view: View = {
    tables: () => committed,
    change(work) {
      checkClosed()
      const statement = openStatement(committed, { uniqueDigests })
      const result = work(statement)
      committed = statement.tables()
      return result
    },
    nextId,
  }

  function fork(): Fork {
    checkClosed()
    isOpen = true
    let own = committed
    let state: 'open' | 'aborted' | 'ended' = 'open'

    function checkUsable(): void {
      if (state === 'aborted') throw new Violation('transaction-aborted')
      if (state === 'ended') throw new Error('This transaction has ended')
    }

    function end(result: Tables): void {
      if (state === 'ended') throw new Error('This transaction has ended')
      state = 'ended'
      isOpen = false
      committed = result
    }

    return {
      tables() {
        checkUsable()
        return own
      },
      change(work) {
        checkUsable()
        const statement = openStatement(own, { uniqueDigests })
        try {
          const result = work(statement)
          own = statement.tables()
          return result
        } catch (error) {
          state = 'aborted'
          throw error
        }
      },
      nextId,
      // NOTE as in Postgres, whoever ignores that a statement failed commits nothing and is not told.
      commit: () => end(state === 'aborted' ? committed : own),
      rollback: () => end(committed),
    }
  }

  return {
    view,
    fork,
    /** Whether a transaction is open, so that another one, and every single write, has to wait. */
    isOpen: () => isOpen,
  }
}
