import { canonicalJson } from '../platform/canonical-json.ts'

export type ChatMessage = { role: 'system' | 'user' | 'assistant'; content: string }

/**
 * The bytes of a streaming completion request, spelled as a provider would re-marshal them (Go: keys sorted at every
 * depth, `<`, `>`, `&` and line separators escaped): some providers sign the hash of the rewritten body, not of ours.
 */
export function buildChatBody(options: {
  /** Exactly the model of the service. */
  model: string
  messages: ChatMessage[]
  maxTokens: number
  /** Holds the answer to a JSON Schema, at a provider that can do so. */
  schema?: { name: string; schema: object }
}): Uint8Array {
  const body = {
    model: options.model,
    messages: options.messages,
    max_tokens: options.maxTokens,
    stream: true,
    stream_options: { include_usage: true },
    response_format: options.schema && { type: 'json_schema', json_schema: { ...options.schema, strict: true } },
  }
  const json = canonicalJson(body).replace(/[<>&\u2028\u2029]/g, escapeCharacter)
  return new TextEncoder().encode(json)
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
