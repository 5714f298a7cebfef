import type { ChatUsage } from '../../provider/completion.ts'
import { highestBill, type Pricing } from '../../provider/pricing.ts'

/** Tokens a provider may add around the messages. */
const framingTokens = 256

/** The most a completion of `texts` can cost: no token is shorter than a byte, and the provider stops at `maxTokens`. Neuron. */
export function worstCase(options: { texts: readonly string[]; maxTokens: number; pricing: Pricing }): bigint {
  const { texts, maxTokens, pricing } = options
  const bytes = texts.reduce((total, text) => total + Buffer.byteLength(text), 0)
  return highestBill({ promptTokens: bytes + framingTokens, completionTokens: maxTokens }, pricing)
}

/** The counts a provider falls back to when the model told none: whitespace-separated words, input free. */
export function fallbackUsage(content: string): ChatUsage {
  const words = content.split(/\s+/).filter((word) => word.length > 0)
  return { promptTokens: 0, completionTokens: words.length, cachedTokens: 0 }
}
