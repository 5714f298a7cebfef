import { z } from 'zod'
import { dreamCard, maxDreamCards } from './dream-card.ts'
import { address, signedFields } from './identity.ts'
import { languageTag } from './language-tag.ts'
import { og } from './money.ts'
import { isWellFormed } from './unicode.ts'

/** UTF-16 units, as JavaScript counts them. */
export const maxDreamLength = 20_000

const dreamText = z
  .string()
  .min(1)
  .max(maxDreamLength)
  // NOTE `max` counts characters, so that one emoji counts once; a bound on bytes needs units.
  .refine((text) => text.length <= maxDreamLength, `must be at most ${maxDreamLength} UTF-16 units`)
  .refine((text) => text.trim().length > 0, 'must not be empty')
  .refine(isWellFormed, 'must be well-formed Unicode (it holds half of a surrogate pair)')

export const analyzeRequest = z
  .object({
    ...signedFields,
    dreamText,
    options: z
      .object({
        model: z.string().min(1).max(200).optional().meta({ description: '"llama", "deepseek" or a model id' }),
        level: z.int().min(1).max(7).optional().meta({ description: 'Depth of the analysis; 1 when not given' }),
        language: languageTag
          .optional()
          .meta({ description: 'BCP 47 tag of the language to answer in; that of the dream when not given' }),
        context: z.array(dreamCard).max(maxDreamCards).optional().meta({
          description:
            'Earlier dreams, newest first. As many are read as the level looks back: 0, 3, 5, 10, 15, 20, all',
        }),
        receipt: z
          .literal('full')
          .optional()
          .meta({ description: 'Returns the exact bytes sent and received, base64, for checking offline' }),
      })
      .optional(),
  })
  .meta({ id: 'AnalyzeRequest' })

export type AnalyzeOptions = NonNullable<z.infer<typeof analyzeRequest>['options']>

/** Set by this service, never by a model: the dreamer may be in danger, and the interpretation is help. */
export const safety = z
  .object({
    flag: z.literal('crisis'),
    resources: z.array(z.object({ name: z.string(), url: z.url() })),
  })
  .meta({ id: 'Safety' })

/** Plain text throughout: no HTML, no Markdown, no links. */
export const analysis = z
  .object({
    interpretation: z.string().trim().min(1).meta({ description: 'Paragraphs, with an empty line between them' }),
    symbols: z.array(z.string()).meta({ description: 'What occurs in the dream, in its own words' }),
    emotions: z.array(z.string()),
    insights: z.array(z.string()),
    themes: z.array(z.string()).optional(),
    reflectionQuestions: z.array(z.string()).optional(),
    language: z.string().optional().meta({ description: 'BCP 47 tag of the language it is written in' }),
    safety: safety.optional(),
  })
  .meta({ id: 'Analysis' })

export type Analysis = z.infer<typeof analysis>

export const verification = z.enum(['none', 'signer', 'content']).meta({
  description: '`content`: the TEE signed these very bytes; `signer`: it signed some text; `none`: no valid signature',
})

export type Verification = z.infer<typeof verification>

const hash = z.string().regex(/^[0-9a-f]{64}$/)

/** What proves an analysis; hashes are SHA-256, hex. */
export const receipt = z
  .object({
    chatId: z.string().nullable(),
    signedText: z.string().nullable(),
    signature: z.string().nullable(),
    signer: address,
    requestHash: hash,
    responseHash: hash,
    request: z.base64().optional(),
    response: z.base64().optional(),
  })
  .meta({ id: 'Receipt' })

export type Receipt = z.infer<typeof receipt>

export const analyzeResponse = z
  .object({
    success: z.literal(true),
    analysis,
    cost: og,
    remainingBalance: og,
    model: z
      .string()
      .nullable()
      .meta({ description: 'null when no model was asked, because the dream spoke of a crisis' }),
    provider: address.nullable().meta({ description: 'null when no provider was asked' }),
    verification,
    receipt: receipt.nullable().meta({ description: 'null when there was nothing to prove' }),
    usage: z.object({ inputTokens: z.int(), outputTokens: z.int() }),
    contextUsed: z.int().meta({ description: 'How many earlier dreams were given to the model' }),
    promptVersion: z.string().optional().meta({ description: 'Which instructions the model got' }),
    repaired: receipt.optional().meta({
      description:
        'Proves the answer that was not in the agreed form; the analysis and `receipt` come from a second call that put it right',
    }),
    level: z.int(),
    requestId: z.string(),
  })
  .meta({ id: 'AnalyzeResponse' })

export type AnalyzeResponse = z.infer<typeof analyzeResponse>

/**
 * What a streamed analysis is told in: `delta` as the interpretation arrives, then `analysis`, `usage` and `done`. A problem
 * that comes after the first of them ends it with `error`. Who asks again gets no `delta`.
 */
export const analyzeEvents = {
  delta: z
    .object({
      text: z.string(),
      provisional: z.literal(true).optional().meta({ description: 'The answer may still be withheld' }),
    })
    .meta({ id: 'AnalyzeDelta' }),
  analysis,
  usage: analyzeResponse.omit({ success: true, analysis: true }).meta({ id: 'AnalyzeUsage' }),
  done: z.object({}).meta({ id: 'AnalyzeDone' }),
}
