import { z } from 'zod'
import { AppError } from '../../platform/errors.ts'
import type { Position } from './store.ts'

/** A year that every database knows. */
const latestMs = Date.UTC(9999, 0)

const at = z
  .int()
  .min(0)
  .max(latestMs)
  .transform((ms) => new Date(ms))

const position = z.union([
  z.tuple([at, z.literal('reservation'), z.guid()]).transform(([at, source, id]) => ({ at, source, id })),
  z.tuple([at, z.literal('adjustment'), z.int()]).transform(([at, source, id]) => ({ at, source, id })),
  z.tuple([at, z.literal('withdrawal'), z.int()]).transform(([at, source, id]) => ({ at, source, id })),
  z.tuple([at, z.literal('transaction'), z.int32()]).transform(([at, source, nonce]) => ({ at, source, nonce })),
])

/** A position as text that callers hand back and need not understand. */
export function encodeCursor(position: Position): string {
  const key = position.source === 'transaction' ? position.nonce : position.id
  return Buffer.from(JSON.stringify([position.at.getTime(), position.source, key])).toString('base64url')
}

/** Throws `invalid-request` for a text that is none of ours. */
export function decodeCursor(cursor: string): Position {
  const parsed = position.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()))
  if (parsed.success) return parsed.data
  throw new AppError('invalid-request', 'The cursor is none of ours: send nextCursor as it was, or leave it out', {
    errors: [{ path: 'cursor', message: 'must be a nextCursor' }],
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
