/** The codes by which Postgres tells why it refuses a statement. */
const codes = {
  'unique-key': '23505',
  'foreign-key': '23503',
  check: '23514',
  /** An earlier statement of the transaction failed: nothing but its end is taken any more. */
  'transaction-aborted': '25P02',
} as const

export class Violation extends Error {
  override readonly name = 'Violation'
  readonly code: string

  constructor(kind: keyof typeof codes, table?: string) {
    super(table ? `${kind}: ${table}` : kind)
    this.code = codes[kind]
  }
}
