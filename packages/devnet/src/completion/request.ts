export type ChatMessage = { role: string; text: string }

export type ChatRequest = {
  model: string | undefined
  messages: ChatMessage[]
  isStream: boolean
  /** `response_format` asks for JSON. */
  isJsonFormat: boolean
  maxTokens: number | undefined
  /** The request as it came, to be passed on. */
  members: Record<string, unknown>
}

/** Reads an OpenAI chat completion request; undefined when it is none. Members the devnet has no use for are ignored. */
export function parseChatRequest(body: Buffer): ChatRequest | undefined {
  const request = parseJson(body.toString('utf8'))
  if (!isRecord(request) || !Array.isArray(request.messages) || request.messages.length === 0) return undefined
  const messages = request.messages.map(toMessage)
  if (!messages.every((message) => message !== undefined)) return undefined
  const format = isRecord(request.response_format) ? request.response_format.type : undefined
  return {
    model: typeof request.model === 'string' ? request.model : undefined,
    messages,
    isStream: request.stream === true,
    isJsonFormat: format === 'json_object' || format === 'json_schema',
    maxTokens: toTokenLimit(request.max_completion_tokens ?? request.max_tokens),
    members: request,
  }
}

function toMessage(message: unknown): ChatMessage | undefined {
  if (!isRecord(message) || typeof message.role !== 'string') return undefined
  return { role: message.role, text: toText(message.content) }
}

/** Content is a string or a list of parts, of which the text counts. */
function toText(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part) => (isRecord(part) && typeof part.text === 'string' ? part.text : '')).join('')
}

function toTokenLimit(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : undefined
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
