import type { Usage } from '../completion/completion.ts'
import { isRecord, parseJson } from '../completion/request.ts'
import { readFrames } from './sse.ts'

export type LanguageModel = ReturnType<typeof createLanguageModel>

/** `content` is the text in it, `usage` is undefined when the server tells none. */
export type LanguageModelAnswer = { body: Buffer; content: string; usage: Usage | undefined }

/** One frame of a stream: what it carries, and what of it adds to the answer. */
export type LanguageModelFrame = { data: string; content: string; usage: Usage | undefined }

type Options = { url: string; apiKey?: string | undefined; model?: string | undefined }
type Question = { body: Record<string, unknown>; signal: AbortSignal }

const timeoutMs = 600_000

/** The language model could not answer; the message says why. */
export class LanguageModelError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'LanguageModelError'
  }
}

/** An OpenAI-compatible server under `url`, asked with `model` if that is given, else with the model of the request. */
export function createLanguageModel({ url, apiKey, model }: Options) {
  const endpoint = `${url.replace(/\/+$/, '')}/chat/completions`

  async function ask({ body, signal }: Question): Promise<Response> {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(apiKey && { authorization: `Bearer ${apiKey}` }) },
      body: JSON.stringify({ ...body, ...(model && { model }) }),
      redirect: 'error', // the key is for this server only
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    }).catch(unreachable)
    if (response.ok) return response
    const reason = (await response.text().catch(() => '')).slice(0, 500)
    throw new LanguageModelError(`the language model answered ${response.status}: ${reason}`)
  }

  return {
    /** The whole answer. Throws `LanguageModelError` when there is none. */
    async complete({ body, signal }: Question): Promise<LanguageModelAnswer> {
      const { stream_options: _, ...whole } = body
      const response = await ask({ body: { ...whole, stream: false }, signal })
      const bytes = Buffer.from(await response.arrayBuffer().catch(unreachable))
      const answer = parseJson(bytes.toString('utf8'))
      const choice = firstChoice(answer)
      if (!isRecord(choice?.message)) throw new LanguageModelError('the language model answered without a message')
      return { body: bytes, content: toText(choice.message.content), usage: toUsage(answer) }
    },

    /**
     * The frames of a stream as they come, without the closing `[DONE]`; the usage is asked for. Throws
     * `LanguageModelError` when the stream breaks, at the first step when there is none.
     */
    async *stream({ body, signal }: Question): AsyncGenerator<LanguageModelFrame> {
      const options = isRecord(body.stream_options) ? body.stream_options : {}
      const asked = { ...body, stream: true, stream_options: { ...options, include_usage: true } }
      const response = await ask({ body: asked, signal })
      if (!response.body) throw new LanguageModelError('the language model answered without a body')
      let isFinished = false
      try {
        for await (const data of readFrames(response.body)) {
          if (data === '[DONE]') return
          const chunk = parseJson(data)
          if (!isRecord(chunk) || chunk.error)
            throw new LanguageModelError(`the language model sent: ${data.slice(0, 500)}`)
          const choice = firstChoice(chunk)
          if (typeof choice?.finish_reason === 'string') isFinished = true
          const content = isRecord(choice?.delta) ? toText(choice.delta.content) : ''
          yield { data, content, usage: toUsage(chunk) }
        }
      } catch (error) {
        throw error instanceof LanguageModelError ? error : unreachable(error)
      }
      if (!isFinished) throw new LanguageModelError('the language model broke off its stream') // some send no [DONE]
    },
  }
}

function unreachable(cause: unknown): never {
  const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : cause
  throw new LanguageModelError(`the language model does not answer: ${reason}`, { cause })
}

function firstChoice(answer: unknown): Record<string, unknown> | undefined {
  if (!isRecord(answer) || !Array.isArray(answer.choices)) return undefined
  const [choice] = answer.choices as unknown[]
  return isRecord(choice) ? choice : undefined
}

function toText(content: unknown): string {
  return typeof content === 'string' ? content : ''
}

function toUsage(answer: unknown): Usage | undefined {
  const { prompt_tokens, completion_tokens } = isRecord(answer) && isRecord(answer.usage) ? answer.usage : {}
  if (!isCount(prompt_tokens) || !isCount(completion_tokens)) return undefined
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
