import type { z } from 'zod'
import { AppError } from '../platform/errors.ts'

const maxErrors = 20

/** Gives what the schema makes of `input`, unknown fields removed; throws `invalid-request` naming fields, never values. */
export function parse<S extends z.ZodType>(schema: S, input: unknown, part: string): z.infer<S> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const firstByPath = new Map<string, string>()
  for (const { path, message } of parsed.error.issues) {
    const name = path.map(String).join('.')
    if (!firstByPath.has(name)) firstByPath.set(name, message)
  }
  const errors = [...firstByPath].slice(0, maxErrors).map(([path, message]) => ({ path, message }))
  throw new AppError('invalid-request', `The ${part} of the request is not valid; see errors.`, { errors })
}
