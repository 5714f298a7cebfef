import { signedFields, signedHeaders } from '@dreamscape/protocol/identity'
import { z } from 'zod'
import type { Principal } from '../platform/principal.ts'
import type { Identity, Outcome } from './identity.ts'
import { parse } from './parse.ts'
import type { OnText, Route } from './route.ts'

export type OperationInput = {
  params: unknown
  query: unknown
  body: unknown
  headers: unknown
  requestId: string
  onText?: OnText | undefined
}

export type OperationOptions = {
  identity: Identity
  /** For messages that name the chain. */
  chainId: number
  /** Fails answers that break their schema: for development and tests, not for when money has moved already. */
  checkResponses: boolean
}

/** Makes a route a function from raw input to outcome: parse, prove the caller, run, answer. */
export function createOperation(route: Route, { identity, chainId, checkResponses }: OperationOptions) {
  const addsSuccess = hasSuccess(route)

  return async (input: OperationInput): Promise<Outcome> => {
    const { requestId, onText } = input
    const params = route.params && parse(route.params, input.params, 'path')
    const query = route.query && parse(route.query, input.query, 'query')
    const body = route.body && parse(route.body, input.body, 'body')

    const run = async (principal?: Principal): Promise<Outcome> => {
      const result = await route.handler({ params, query, body, principal, requestId, onText })
      const outcome = {
        status: route.status?.(result) ?? 200,
        body: addsSuccess ? { success: true, ...result } : result,
        ...(route.isForgotten?.(result) && ({ isForgotten: true } as const)),
      }
      if (checkResponses) route.response.parse(outcome.body)
      return outcome
    }

    if (route.auth === 'none') return run()
    const { signature, ...request } = signedInput(route.auth.from, { ...params, ...body }, input.headers)
    const { address, timestamp } = request
    const call = { address, signature, timestamp, message: route.auth.message({ ...request, chainId }) }
    if (route.auth.use === 'read') return run(await identity.authenticate(call))
    return identity.once(call, query ? { ...request, query } : request, run)
  }
}

const signedInputSchema = z.looseObject(signedFields)

/** The parsed input with the signed fields in it, wherever they were sent. */
function signedInput(from: 'body' | 'headers', input: object, headers: unknown) {
  if (from === 'body') return signedInputSchema.parse(input)
  const sent = parse(signedHeaders, headers, 'headers')
  return signedInputSchema.parse({ ...input, signature: sent['x-signature'], timestamp: sent['x-timestamp'] })
}

/** Whether the response promises `success: true`, which handlers leave to the kit. */
function hasSuccess(route: Route): boolean {
  const success = route.response.shape.success
  return success instanceof z.ZodLiteral && success.values.has(true)
}
