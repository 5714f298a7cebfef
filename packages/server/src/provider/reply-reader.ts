import { createHash } from 'node:crypto'
import { createParser } from 'eventsource-parser'
import { addPart, type ChatUsage, type CompletionFault, emptyCompletion } from './completion.ts'

export type ReplyHead = { isJson: boolean; isEncoded: boolean; chatId: string | undefined }

export type ReplyFault = CompletionFault | 'response-too-large' | 'response-encoded' | 'response-truncated'

export type Answer = {
  state: 'answered'
  content: string
  finishReason: string | null
  /** Undefined when the provider sent none, or not plain token counts. */
  usage: ChatUsage | undefined
  chatId: string | undefined
  /** SHA-256, hex, of the body as received. */
  responseHash: string
  /** Empty unless they were to be kept. */
  responseBytes: Uint8Array
}

export type ReplyReader = ReturnType<typeof createReplyReader>

const noBytes = new Uint8Array()

/** Turns the bytes of a completion, streamed or not, into an answer, and hashes every one of them. */
export function createReplyReader(options: {
  head: ReplyHead
  maxBytes: number
  /** Of the answer's text, UTF-16 units. */
  maxContentLength: number
  keepsBytes: boolean
  onContent: (text: string) => void
}) {
  const { head, maxBytes, maxContentLength, keepsBytes, onContent } = options
  const completion = emptyCompletion()
  const hash = createHash('sha256')
  const received: Uint8Array[] = []
  const decoder = new TextDecoder()
  const events = createParser({ onEvent: ({ event, data }) => takeEvent(event, data) })
  let byteCount = 0
  let isDone = false
  let fault: ReplyFault | undefined

  function takeEvent(event: string | undefined, data: string) {
    if (fault || isDone || data === '') return
    if (data.trim() === '[DONE]') isDone = true
    else if (event === 'error') fault = 'provider-error'
    else fault = addPart(completion, { json: data, onContent })
    if (completion.content.length > maxContentLength) fault ??= 'response-too-large'
  }

  function takeWhole() {
    fault = addPart(completion, { json: decoder.decode(Buffer.concat(received)), onContent })
    isDone = completion.finishReason !== null
  }

  return {
    /** Takes the next bytes; says what is wrong once it makes no sense to read on. */
    push(bytes: Uint8Array): ReplyFault | undefined {
      byteCount += bytes.length
      hash.update(bytes)
      if (byteCount > maxBytes) fault = 'response-too-large'
      if (fault) return fault
      if (keepsBytes || head.isJson) received.push(bytes)
      if (!head.isJson && !head.isEncoded) events.feed(decoder.decode(bytes, { stream: true }))
      return fault
    },

    /** Takes the regular end of the body. Some streams end without the blank line that closes their last event. */
    end() {
      if (fault) return
      if (head.isEncoded) fault = 'response-encoded'
      else if (head.isJson) takeWhole()
      else events.feed(`${decoder.decode()}\n\n`)
    },

    /** The answer, when it is whole: what follows `[DONE]`, or the usage of a finished answer, adds nothing to it. */
    answer(): Answer | { fault: ReplyFault; responseHash: string } {
      const responseHash = hash.digest('hex')
      const isWhole = isDone || (completion.finishReason !== null && completion.usage !== undefined)
      if (fault || !isWhole) return { fault: fault ?? 'response-truncated', responseHash }
      const { id, ...spoken } = completion
      const responseBytes = keepsBytes ? Buffer.concat(received) : noBytes
      return { state: 'answered', ...spoken, chatId: head.chatId ?? id, responseHash, responseBytes }
    },
  }
}
