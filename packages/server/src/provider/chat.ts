import type { Dispatcher } from 'undici'
import { type Clock, systemClock } from '../platform/clock.ts'

export type ChatRequest = {
  baseUrl: string
  bearer: string
  body: Uint8Array
  signal: AbortSignal
  maxResponseBytes: number
  /** Called with each piece of the answer's text as it arrives; must not throw. */
  onContent?: (text: string) => void
}

export type ChatUsage = { promptTokens: number; completionTokens: number; cachedTokens: number }

export type RefusalReason =
  | 'token'
  | 'balance'
  | 'account-missing'
  | 'not-acknowledged'
  | 'rate-limited'
  | 'overloaded'
  | 'model-gone'
  | 'unreachable'
  | 'aborted'
  | 'other'

export type UnknownReason =
  | 'aborted'
  | 'timed-out'
  | 'connection-lost'
  | 'unexpected-status'
  | 'response-too-large'
  | 'response-encoded'
  | 'response-malformed'
  | 'response-truncated'
  | 'provider-error'

export type ChatOutcome =
  | {
      state: 'answered'
      content: string
      reasoning: string
      finishReason: string | null
      /** Undefined when the provider sent none, or not plain token counts. */
      usage: ChatUsage | undefined
      chatId: string | undefined
      /** SHA-256, hex, of the body as received. */
      responseHash: string
      responseBytes: Uint8Array
    }
  /** Surely cost nothing. `status` is 0 when there was no answer. */
  | { state: 'refused'; status: number; reason: RefusalReason; detail: string; retryAfterSeconds?: number }
  /** May have been billed. */
  | { state: 'unknown'; reason: UnknownReason; responseHash?: string }

export type ChatClient = ReturnType<typeof createChatClient>

/** Talks to the chat endpoint of a provider. */
export function createChatClient({ agent, clock = systemClock }: { agent: Dispatcher; clock?: Clock }) {
  return {
    /** Sends one completion request, once. Never throws: the outcome says whether it may have cost something. */
    chat: (request: ChatRequest): Promise<ChatOutcome> => Promise.reject(new Error(`${agent}${clock}${request}`)),
  }
}
