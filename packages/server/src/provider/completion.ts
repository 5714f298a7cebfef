import { z } from 'zod'
import { parseJson } from './parse-json.ts'

export type ChatUsage = { promptTokens: number; completionTokens: number; cachedTokens: number }

export type Completion = {
  id: string | undefined
  content: string
  finishReason: string | null
  /** Undefined when the provider sent none, or not plain token counts. */
  usage: ChatUsage | undefined
}

export type CompletionFault = 'response-malformed' | 'provider-error'

/** Becomes part of a path and of a receipt, so only a plain one is taken. */
export const chatId = z.string().regex(/^[\x21-\x7e]{1,200}$/)

const speech = z.object({
  content: z.string().nullish(),
})

/** One chunk of a stream (`delta`) or a whole completion (`message`). */
const completionPart = z.object({
  id: chatId.optional().catch(undefined),
  choices: z
    .array(z.object({ delta: speech.nullish(), message: speech.nullish(), finish_reason: z.string().nullish() }))
    .nullish(),
  usage: z.unknown().optional(),
  error: z.unknown().optional(),
})

const tokenCount = z.int().nonnegative()

const usageCounts = z.object({
  prompt_tokens: tokenCount,
  completion_tokens: tokenCount,
  prompt_tokens_details: z.object({ cached_tokens: tokenCount.nullish() }).nullish(),
})

export function emptyCompletion(): Completion {
  return { id: undefined, content: '', finishReason: null, usage: undefined }
}

/** Adds one JSON part of an answer to `completion`; returns what is wrong with the part, if anything. */
export function addPart(
  completion: Completion,
  { json, onContent }: { json: string; onContent: (text: string) => void },
): CompletionFault | undefined {
  const { data: part } = completionPart.safeParse(parseJson(json))
  if (!part) return 'response-malformed'
  if (part.error !== undefined && part.error !== null) return 'provider-error'

  completion.id ??= part.id
  if (part.usage !== undefined && part.usage !== null) completion.usage = parseUsage(part.usage)
  const choice = part.choices?.[0]
  if (!choice) return undefined
  completion.finishReason = choice.finish_reason ?? completion.finishReason
  const spoken = choice.delta ?? choice.message
  if (spoken?.content) {
    completion.content += spoken.content
    onContent(spoken.content)
  }
  return undefined
}

function parseUsage(value: unknown): ChatUsage | undefined {
  const { data } = usageCounts.safeParse(value)
  if (!data) return undefined
  return {
    promptTokens: data.prompt_tokens,
    completionTokens: data.completion_tokens,
    cachedTokens: data.prompt_tokens_details?.cached_tokens ?? 0,
  }
}
