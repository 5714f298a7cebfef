import { createHash } from 'node:crypto'
import { buildChatBody, type ChatMessage } from '../../provider/chat-body.ts'
import type { Service } from '../models/catalogue.ts'
import { worstCase } from './cost.ts'
import type { LevelProfile } from './levels.ts'

/** Tokens a reasoning model may think before it answers. */
const thinkingTokens = 2_000

/** One request to one service, ready to be sent: its bytes, their SHA-256 and the most they can cost in neuron. */
export type Plan = { service: Service; body: Uint8Array; requestHash: string; worstCase: bigint }

/** Writes down what would be sent to `service`, and what that may cost. */
export function planFor(options: { service: Service; messages: ChatMessage[]; profile: LevelProfile }): Plan {
  const { service, messages, profile } = options
  const maxTokens = profile.maxOutputTokens + (thinksAloud(service.model) ? thinkingTokens : 0)
  const body = buildChatBody({ model: service.model, messages, maxTokens })
  return {
    service,
    body,
    requestHash: createHash('sha256').update(body).digest('hex'),
    worstCase: worstCase({ messages, maxTokens, pricing: service.pricing }),
  }
}

function thinksAloud(model: string): boolean {
  return /deepseek-r1|reason|think|qwq/i.test(model)
}
