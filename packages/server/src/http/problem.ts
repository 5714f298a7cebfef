import { type Problem, type ProblemCode, problems } from '@dreamscape/protocol/problems'
import { AppError } from '../platform/errors.ts'

/** Seconds; for 429 and 503 when nobody knows better. */
export const defaultRetryAfter = 5

export type ProblemAnswer = { status: number; headers: Record<string, string>; document: Problem }

/** Renders what went wrong as an RFC 9457 problem document. */
export function problemAnswer(error: AppError, requestId: string): ProblemAnswer {
  const { retryAfterSeconds = defaultRetryAfter, ...meta } = error.meta
  const { status, title } = problems[error.code]
  const known = { type: `urn:dreamscape:problem:${error.code}`, title, status, detail: error.message, code: error.code }
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json; charset=utf-8',
      'Cache-Control': 'no-store',
      ...(status === 429 || status === 503 ? { 'Retry-After': String(retryAfterSeconds) } : {}),
    },
    // `meta` sits between, so that it can neither replace a standard member nor come first.
    document: { ...known, success: false, requestId, ...meta, ...known },
  }
}

/** Translates whatever was thrown; what nobody foresaw becomes `internal` with a fixed text and the error as its cause. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  const code = codeOfStatus(statusOf(error))
  if (code) return new AppError(code, details[code], {}, { cause: error })
  return new AppError('internal', 'Something went wrong on our side. Try again later.', {}, { cause: error })
}

/** Express, its router and body-parser put an HTTP status on what they throw; their messages can quote the request. */
function statusOf(error: unknown): number {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : 500
}

const details = {
  'body-too-large': 'Send at most 131072 bytes.',
  'unsupported-media-type': 'Send uncompressed JSON in UTF-8 with Content-Type: application/json.',
  'invalid-request': 'The request could not be read. Send well-formed JSON and a well-formed URL.',
} satisfies Partial<Record<ProblemCode, string>>

function codeOfStatus(status: number): keyof typeof details | undefined {
  if (status === 413) return 'body-too-large'
  if (status === 415) return 'unsupported-media-type'
  return status >= 400 && status < 500 ? 'invalid-request' : undefined
}
