import { z } from 'zod'
import { isWellFormed } from './unicode.ts'

/** More than the deepest level reads; a journal sends its newest. */
export const maxDreamCards = 100

const text = (maxLength: number) =>
  z.string().max(maxLength).refine(isWellFormed, 'must be well-formed Unicode (it holds half of a surrogate pair)')

const terms = z.array(text(60)).max(20)

/** What a journal remembers of an earlier dream. Every field may be missing; unknown ones are ignored. */
export const dreamCard = z
  .object({
    date: z.union([z.iso.date(), z.iso.datetime({ offset: true })]).optional(),
    summary: text(600).optional(),
    symbols: terms.optional(),
    emotions: terms.optional(),
  })
  .meta({ id: 'DreamCard' })

export type DreamCard = z.infer<typeof dreamCard>
