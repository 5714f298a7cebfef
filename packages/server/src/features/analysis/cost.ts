import type { ChatMessage } from '../../provider/chat-body.ts'
import type { ChatUsage } from '../../provider/completion.ts'

/** Neuron per token. */
export type Prices = { inputPrice: bigint; outputPrice: bigint }

/** Tokens a provider may add around the messages. */
const framingTokens = 256

/** The most a completion can cost: no token is shorter than a byte, and the provider stops at `maxTokens`. Neuron. */
export function worstCase(options: { messages: readonly ChatMessage[]; maxTokens: number; prices: Prices }): bigint {
  const { messages, maxTokens, prices } = options
  const bytes = messages.reduce((total, { content }) => total + Buffer.byteLength(content), 0)
  return BigInt(bytes + framingTokens) * prices.inputPrice + BigInt(maxTokens) * prices.outputPrice
}

/** What the provider bills for its own token counts (0G provider broker: fee rule). Neuron. */
export function usageCost(usage: Pick<ChatUsage, 'promptTokens' | 'completionTokens'>, prices: Prices): bigint {
  return BigInt(usage.promptTokens) * prices.inputPrice + BigInt(usage.completionTokens) * prices.outputPrice
}

/** The counts a provider falls back to when the model told none: whitespace-separated words, input free. */
export function fallbackUsage(content: string): ChatUsage {
  const words = content.split(/\s+/).filter((word) => word.length > 0)
  return { promptTokens: 0, completionTokens: words.length, cachedTokens: 0 }
}
