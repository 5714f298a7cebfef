import { randomUUID } from 'node:crypto'
import type { ChatRequest } from './request.ts'
import { countTokens, truncateToTokens } from './tokens.ts'

export type Usage = { prompt_tokens: number; completion_tokens: number; total_tokens: number }

export type Completion = {
  id: string
  created: number
  model: string
  content: string
  finishReason: 'stop' | 'length'
  usage: Usage
}

/** Turns what the model said into a completion: obeys the token limit and counts the tokens. */
export function createCompletion(
  request: ChatRequest,
  { model, content }: { model: string; content: string },
): Completion {
  const kept = request.maxTokens === undefined ? content : truncateToTokens(content, request.maxTokens)
  const promptTokens = request.messages.reduce((sum, message) => sum + countTokens(message.text), 0)
  const completionTokens = countTokens(kept)
  return {
    id: `chatcmpl-${randomUUID()}`,
    created: Math.floor(Date.now() / 1000),
    model,
    content: kept,
    finishReason: kept === content ? 'stop' : 'length',
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    },
  }
}
