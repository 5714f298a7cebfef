import { z } from 'zod'
import type { Clock } from '../platform/clock.ts'
import { parseJson } from './parse-json.ts'

export type RefusalReason =
  | 'token'
  | 'balance'
  | 'account-missing'
  | 'not-acknowledged'
  | 'schema'
  | 'rate-limited'
  | 'overloaded'
  | 'model-gone'
  | 'unreachable'
  | 'aborted'
  | 'other'

/** Surely cost nothing. `status` is 0 when there was no answer at all. */
export type Refusal = {
  state: 'refused'
  status: number
  reason: RefusalReason
  retryAfterSeconds?: number
}

/** Providers say most things with status 400, so the text decides. First match wins. */
const reasonsByText: [RegExp, RefusalReason][] = [
  [/insufficient balance/i, 'balance'],
  [/account not exist/i, 'account-missing'],
  [/not acknowledge/i, 'not-acknowledged'],
  [/validate session|session token|ephemeral token|authorization header|signature verification failed/i, 'token'],
  [/response_?format|json_schema|structured.?outputs?|guided.?(json|decoding)|\b(grammar|schema)\b/i, 'schema'],
  [/model\b.{0,200}\b(expired|not found|does not exist|not supported|unavailable)/i, 'model-gone'],
]

const reasonsByStatus: Record<number, RefusalReason> = {
  401: 'token',
  402: 'balance',
  410: 'model-gone',
  429: 'rate-limited',
  503: 'overloaded',
}

const errorBody = z.object({
  error: z.union([z.string(), z.object({ message: z.string().optional() })]),
})

/** Whether an answer with this status means that nothing was run and nothing is billed. */
export function isRefusalStatus(status: number): boolean {
  return (status >= 400 && status < 500) || status === 503
}

/** Reads why a provider refused; `error` in its body may be a string or an object. */
export function classifyRefusal(answer: {
  status: number
  body: string
  retryAfter: string | undefined
  clock: Pick<Clock, 'now'>
}): Refusal {
  const text = readError(answer.body)
  const byText = reasonsByText.find(([pattern]) => pattern.test(text))?.[1]
  const reason = reasonsByStatus[answer.status] ?? byText ?? 'other'
  const retryAfterSeconds = parseRetryAfter(answer.retryAfter, answer.clock)
  return {
    ...refusal(reason),
    status: answer.status,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  }
}

/** A refusal without an answer. */
export function refusal(reason: RefusalReason): Refusal {
  return { state: 'refused', status: 0, reason }
}

function readError(body: string): string {
  const parsed = errorBody.safeParse(parseJson(body))
  if (!parsed.success) return body
  const { error } = parsed.data
  return typeof error === 'string' ? error : (error.message ?? '')
}

function parseRetryAfter(value: string | undefined, clock: Pick<Clock, 'now'>): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value)
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - clock.now()) / 1000))
}
