import type { MoneyTable, Row } from '../../money-tables.ts'
import { rules } from './rules.ts'
import type { Tables } from './tables.ts'
import { Violation } from './violation.ts'

export type Statement = ReturnType<typeof openStatement>

/** One statement: what it writes stands in `tables`, and becomes true for others when it has ended without throwing. */
export function openStatement(before: Tables, { uniqueDigests }: { uniqueDigests: boolean }) {
  let tables = before

  function write<T extends MoneyTable>(table: T, rows: readonly Row<T>[]): void {
    // NOTE `{ ...tables, [table]: rows }` takes three times as long.
    const after: Record<string, unknown> = { ...tables }
    after[table] = rows
    tables = after as Tables
  }

  const hasTaken = <T extends MoneyTable>(table: T, row: Row<T>, previous?: Row<T>): boolean =>
    rules[table].keys.some(
      ({ isSame, ofDigest }) =>
        (uniqueDigests || !ofDigest) &&
        // What it has already, nobody else has.
        !(previous && isSame(previous, row)) &&
        tables[table].some((other) => other !== previous && isSame(other, row)),
    )

  function check<T extends MoneyTable>(table: T, row: Row<T>): void {
    if (!rules[table].isValid(row)) throw new Violation('check', table)
  }

  /** Undefined when a row with the same key is there. As in Postgres, what is not valid is refused even then. */
  function tryInsert<T extends MoneyTable>(table: T, row: Row<T>): Row<T> | undefined {
    check(table, row)
    if (hasTaken(table, row)) return undefined
    if (!rules[table].isRooted(row, tables)) throw new Violation('foreign-key', table)
    write(table, [...tables[table], row])
    return row
  }

  return {
    /** As this statement has left them so far. */
    tables: () => tables,

    tryInsert,

    insert<T extends MoneyTable>(table: T, row: Row<T>): Row<T> {
      const inserted = tryInsert(table, row)
      if (!inserted) throw new Violation('unique-key', table)
      return inserted
    },

    /** Changes the rows that are meant, and returns them as they are now. */
    update<T extends MoneyTable>(
      table: T,
      isMeant: (row: Row<T>) => boolean,
      change: (row: Row<T>) => Partial<Row<T>>,
    ): Row<T>[] {
      const changed: Row<T>[] = []
      tables[table].forEach((row: Row<T>, index) => {
        if (!isMeant(row)) return
        const after = { ...row, ...change(row) }
        check(table, after)
        if (hasTaken(table, after, row)) throw new Violation('unique-key', table)
        write(table, tables[table].with(index, after))
        changed.push(after)
      })
      return changed
    },
  }
}
