import type { Dispatcher } from 'undici'
import { type Clock, systemClock } from '../platform/clock.ts'
import { assertNever } from '../platform/errors.ts'
import { chatId } from './completion.ts'
import { classifyRefusal, isRefusalStatus, type Refusal, refusal } from './refusal.ts'
import { type Answer, createReplyReader, type ReplyFault, type ReplyHead, type ReplyReader } from './reply-reader.ts'

export type ChatRequest = {
  baseUrl: string
  bearer: string
  body: Uint8Array
  signal: AbortSignal
  maxResponseBytes: number
  /** Of the answer's text, UTF-16 units; any when left out. */
  maxContentLength?: number
  /** Whether the answer's bytes are wanted, not only their hash. */
  keepsBytes?: boolean
  /** Called with each piece of the answer's text as it arrives; must not throw. */
  onContent?: (text: string) => void
}

export type UnknownReason = ReplyFault | 'aborted' | 'timed-out' | 'connection-lost' | 'unexpected-status'

export type ChatOutcome = Answer | Refusal | Unknown

/** May have been billed. */
type Unknown = { state: 'unknown'; reason: UnknownReason; responseHash?: string }

type Phase =
  | { name: 'waiting' }
  | { name: 'sent'; controller: Dispatcher.DispatchController }
  | { name: 'refused'; controller: Dispatcher.DispatchController; status: number; retryAfter: string | undefined }
  | { name: 'replying'; controller: Dispatcher.DispatchController; reader: ReplyReader }
  | { name: 'settled' }

const maxErrorBytes = 16_384

export type ChatClient = ReturnType<typeof createChatClient>

/** Talks to the chat endpoint of a provider. */
export function createChatClient({ agent, clock = systemClock }: { agent: Dispatcher; clock?: Pick<Clock, 'now'> }) {
  return {
    /** Sends one completion request, at most once. Never rejects: the outcome says whether it may have cost something. */
    chat: (request: ChatRequest) =>
      new Promise<ChatOutcome>((resolve) => {
        const { signal } = request
        const exchange = createExchange(request, clock, (outcome) => {
          signal.removeEventListener('abort', exchange.abort)
          resolve(outcome)
        })
        if (signal.aborted) return exchange.abort()
        signal.addEventListener('abort', exchange.abort)
        agent.dispatch(dispatchOptions(request), exchange.handler)
      }),
  }
}

function dispatchOptions({ baseUrl, bearer, body }: ChatRequest): Dispatcher.DispatchOptions {
  const { origin, pathname } = new URL(`${baseUrl}/v1/proxy/chat/completions`)
  return {
    origin,
    path: pathname,
    method: 'POST',
    headers: {
      authorization: `Bearer ${bearer}`,
      'content-type': 'application/json',
      accept: 'text/event-stream',
      'accept-encoding': 'identity',
    },
    body,
  }
}

/**
 * Follows one request through undici's own callbacks, because only they tell the moment that decides about money:
 * `onRequestStart` comes right before the first byte goes to a connected socket. Until then nothing can have been billed.
 */
function createExchange(request: ChatRequest, clock: Pick<Clock, 'now'>, resolve: (outcome: ChatOutcome) => void) {
  let phase: Phase = { name: 'waiting' }
  let errorBody = ''

  function settle(outcome: ChatOutcome) {
    if (phase.name === 'settled') return
    const controller = 'controller' in phase ? phase.controller : undefined
    phase = { name: 'settled' }
    resolve(outcome)
    controller?.abort(new Error('The exchange is over'))
  }

  /** Decides by what has arrived until now. `why` explains an answer that is not whole. */
  function conclude(why: 'aborted' | 'timed-out' | 'connection-lost' | 'response-truncated') {
    switch (phase.name) {
      case 'waiting':
        return settle(refusal(why === 'aborted' ? 'aborted' : 'unreachable'))
      case 'sent':
        return settle({ state: 'unknown', reason: why })
      case 'refused':
        return settle(classifyRefusal({ ...phase, body: errorBody, clock }))
      case 'replying':
        return settle(verdict(phase.reader, why))
      case 'settled':
        return
      default:
        return assertNever(phase)
    }
  }

  /** The listener may give up in the middle of a chunk; the rest of it is not for it. */
  function passOn(text: string) {
    if (phase.name === 'replying') request.onContent?.(text)
  }

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(controller) {
      if (phase.name !== 'waiting') return controller.abort(new Error('Given up, or sent before'))
      phase = { name: 'sent', controller }
    },

    onResponseStart(controller, status, headers) {
      if (phase.name !== 'sent' || status < 200) return
      const header = (name: string) => [headers[name]].flat()[0]
      if (isRefusalStatus(status)) {
        phase = { name: 'refused', controller, status, retryAfter: header('retry-after') }
      } else if (status === 200) {
        const { maxResponseBytes: maxBytes, maxContentLength = maxBytes, keepsBytes = false } = request
        const head = readHead(header)
        const reader = createReplyReader({ head, maxBytes, maxContentLength, keepsBytes, onContent: passOn })
        phase = { name: 'replying', controller, reader }
      } else {
        settle({ state: 'unknown', reason: 'unexpected-status' })
      }
    },

    onResponseData(_controller, chunk) {
      if (phase.name === 'refused') {
        // Only ASCII phrases are looked for, and Latin-1 never splits a character.
        errorBody += chunk.toString('latin1', 0, maxErrorBytes)
        if (errorBody.length > maxErrorBytes) conclude('response-truncated')
      } else if (phase.name === 'replying' && phase.reader.push(chunk)) {
        conclude('response-truncated')
      }
    },

    onResponseEnd() {
      if (phase.name === 'replying') phase.reader.end()
      conclude('response-truncated')
    },

    onResponseError(_controller, error) {
      const code = 'code' in error ? error.code : undefined
      const isTimeout = code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT'
      conclude(isTimeout ? 'timed-out' : 'connection-lost')
    },
  }

  return { handler, abort: () => conclude('aborted') }
}

function verdict(reader: ReplyReader, why: UnknownReason): Answer | Unknown {
  const reply = reader.answer()
  if ('state' in reply) return reply
  const reason = reply.fault === 'response-truncated' ? why : reply.fault
  return { state: 'unknown', reason, responseHash: reply.responseHash }
}

function readHead(header: (name: string) => string | undefined): ReplyHead {
  const encoding = header('content-encoding') ?? 'identity'
  return {
    isJson: /^application\/json\b/i.test(header('content-type') ?? ''),
    isEncoded: encoding.trim().toLowerCase() !== 'identity' && encoding !== '',
    chatId: chatId.safeParse(header('zg-res-key')).data,
  }
}
