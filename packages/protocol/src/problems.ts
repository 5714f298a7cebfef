import { z } from 'zod'

/** Every error this API can answer: the one place that knows its status and title. */
export const problems = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'signature-invalid': { status: 401, title: 'The signature does not belong to this address and message' },
  'signature-expired': { status: 401, title: 'The signed timestamp is outside the accepted window' },
  'insufficient-funds': { status: 402, title: 'The account cannot pay for this' },
  forbidden: { status: 403, title: 'This is not yours to ask for' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'model-unavailable': { status: 404, title: 'No provider serves this model now' },
  'method-not-allowed': { status: 405, title: 'This path does not answer this method' },
  'signature-used': { status: 409, title: 'This signature was already used for another request' },
  'withdrawal-in-progress': { status: 409, title: 'A withdrawal is in progress' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body must be JSON' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  'quota-exhausted': { status: 429, title: 'The daily quota is used up' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  'provider-failed': { status: 502, title: 'The provider did not deliver' },
  'payout-failed': { status: 502, title: 'The money could not be paid out' },
  'transaction-failed': { status: 502, title: 'The chain did not carry out the transaction' },
  'verification-failed': { status: 502, title: 'The answer could not be verified' },
  'analysis-unparseable': { status: 502, title: 'The model did not answer in the agreed form' },
  'chain-unavailable': { status: 503, title: 'The chain cannot be reached now' },
  'provider-unavailable': { status: 503, title: 'No provider can take this now' },
  'store-unavailable': { status: 503, title: 'The store cannot be reached now' },
  'shutting-down': { status: 503, title: 'This instance is shutting down' },
  'deadline-exceeded': { status: 504, title: 'It took too long' },
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemCode = keyof typeof problems

const problemCodes = Object.keys(problems) as [ProblemCode, ...ProblemCode[]]

/** RFC 9457 problem document; further members carry what the caller needs to act. */
export const problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(problemCodes),
    success: z.literal(false),
    requestId: z.string(),
  })
  .meta({ id: 'Problem' })

export type Problem = z.infer<typeof problem>
