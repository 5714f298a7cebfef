import fc from 'fast-check'
import { InsertResult, sql, UpdateResult } from 'kysely'
import { expect, test } from 'vitest'
import type { Db } from '../../../database/connect.ts'
import { describeOnDatabases } from '../../describe-on-databases.ts'
import { type MoneyStores, sqlStores } from '../../money-stores.ts'
import { type MoneyTable, moneyTables } from '../../money-tables.ts'
import { openMemoryStores } from './as-db.ts'
import { type Call, type Group, groups, start } from './random-calls.ts'

/** In no order, or in none among those of one moment. */
const unordered = new Set(['listOpenMoves', 'listDue'])

const sorted = (rows: readonly unknown[]) =>
  rows
    .map((row) => ({
      row,
      key: JSON.stringify(row, (_key, value) => (typeof value === 'bigint' ? `${value}n` : value)),
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ row }) => row)

/** Nobody asks how many rows a statement has changed, and the twins do not count them. */
function outcomeOf(method: string, value: unknown): unknown {
  if (value instanceof Object && 'rows' in value) return []
  if (!Array.isArray(value)) return value
  if (value.some((item) => item instanceof InsertResult || item instanceof UpdateResult)) return []
  return unordered.has(method) ? sorted(value) : value
}

/** Plays the same calls on any kind of stores, and tells what each came to. */
async function play(stores: MoneyStores, groups: readonly Group[]): Promise<unknown[]> {
  const outcomes: unknown[] = []

  async function playOne(db: Db, { store, method, args }: Call): Promise<void> {
    const { journalOf, accountsOf, reservationsOf, withdrawalsOf } = stores
    const of = { journal: journalOf, accounts: accountsOf, reservations: reservationsOf, withdrawals: withdrawalsOf }
    const methods: Record<string, unknown> = of[store](db)
    // No two calls are of one moment, and later ones are not always of a later one.
    const now = new Date(Date.UTC(2026, 0, 1, 0, 0, (outcomes.length * 37) % 101))
    const timely = args.map((arg) => (arg instanceof Object && 'now' in arg ? { ...arg, now } : arg))
    try {
      outcomes.push(outcomeOf(method, await (methods[method] as (...all: unknown[]) => Promise<unknown>)(...timely)))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
      outcomes.push({ code: error.code })
    }
  }

  for (const group of groups) {
    if (group.in === 'no-transaction') {
      for (const call of group.calls) await playOne(stores.db, call)
      continue
    }
    const turnedBack = new Error('turned back')
    await stores.db
      .transaction()
      .execute(async (trx) => {
        for (const call of group.calls) await playOne(trx, call)
        if (group.in === 'turned-back') throw turnedBack
      })
      .catch((error: unknown) => {
        if (error !== turnedBack) throw error
      })
  }
  return outcomes
}

async function empty(db: Db): Promise<void> {
  // Truncating takes ten times as long.
  for (const table of [...moneyTables].reverse()) await db.deleteFrom(table).execute()
  for (const table of ['withdrawal', 'chain_transaction', 'adjustment'] satisfies MoneyTable[]) {
    await sql.raw(`alter table ${table} alter column id restart`).execute(db)
  }
}

describeOnDatabases('the twins in memory', (db) => {
  test('answer as the real stores do and leave the same rows, whatever is called in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(groups, async (played) => {
        await db().transaction().execute(empty)
        const [real, twin] = [sqlStores(db()), openMemoryStores()]

        const answered = { real: await play(real, [start, ...played]), twin: await play(twin, [start, ...played]) }

        expect(answered.twin).toEqual(answered.real)
        for (const table of moneyTables) {
          expect(sorted(await twin.listRows(table))).toEqual(sorted(await real.listRows(table)))
        }
      }),
      { numRuns: 10 },
    )
  }, 120_000)
})
