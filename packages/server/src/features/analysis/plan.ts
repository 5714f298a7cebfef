import { createHash } from 'node:crypto'
import { buildChatBody, type ChatMessage } from '../../provider/chat-body.ts'
import type { Service } from '../models/catalogue.ts'
import { answerSchema } from './answer-shape.ts'
import { worstCase } from './cost.ts'

/** Tokens a reasoning model may think before it answers. */
const thinkingTokens = 2_000

/** More than a frame of a stream takes that carries one token, and what stands around all of them. */
const bytesPerToken = 1_024
const bytesAround = 65_536

/** More than the tokens of any text have on the average. */
const unitsPerToken = 24

/** The bytes of a request and their SHA-256. */
export type Wire = { body: Uint8Array; requestHash: string }

/**
 * One request to one service, ready to be sent: its bytes, their SHA-256, the most they can cost in neuron, and how long an
 * answer within its limit of tokens, and its text, can be at most. `withoutSchema` says the same to a provider that will not
 * be held to a schema; few ever need it.
 */
export type Plan = Wire & { service: Service; worstCase: bigint; withoutSchema?: () => Wire } & Limits

type Limits = { maxResponseBytes: number; maxContentLength: number }

type Ask = {
  service: Service
  messages: ChatMessage[]
  /** Of the answer itself; a reasoning model gets more, to think. */
  maxOutputTokens: number
  /** Whether the provider takes a JSON Schema. */
  takesSchema: boolean
}

/** Writes down what would be sent to `service`, and what that may cost. */
export function planFor({ service, messages, maxOutputTokens, takesSchema }: Ask): Plan {
  const maxTokens = maxOutputTokens + (thinksAloud(service) ? thinkingTokens : 0)
  const wire = (schema?: typeof answerSchema) =>
    toWire(buildChatBody({ model: service.model, messages, maxTokens, ...(schema && { schema }) }))
  return {
    service,
    ...(takesSchema ? { ...wire(answerSchema), withoutSchema: () => wire() } : wire()),
    worstCase: worstCase({
      // A schema may be put before the model like a message.
      texts: [...messages.map(({ content }) => content), ...(takesSchema ? [JSON.stringify(answerSchema)] : [])],
      maxTokens,
      pricing: service.pricing,
    }),
    maxResponseBytes: bytesAround + maxTokens * bytesPerToken,
    maxContentLength: maxTokens * unitsPerToken,
  }
}

function toWire(body: Uint8Array): Wire {
  return { body, requestHash: createHash('sha256').update(body).digest('hex') }
}

/** Whether a model thinks in its answer before it gives it. */
export function thinksAloud({ model }: Service): boolean {
  return /deepseek-r1|reason|think|qwq/i.test(model)
}
