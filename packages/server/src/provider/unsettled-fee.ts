import type { Dispatcher } from 'undici'
import { z } from 'zod'
import { AppError } from '../platform/errors.ts'
import type { Hex } from '../platform/hex.ts'
import { getJson } from './get-json.ts'

const unsettledFee = z.object({ unsettledFee: z.string().regex(/^(0|[1-9]\d{0,77})$/) })

/**
 * What `user` owes this provider and has not yet paid on chain, in neuron; requests in flight are not in it.
 * Throws `provider-unavailable` when the provider does not say.
 */
export async function fetchUnsettledFee(options: {
  agent: Dispatcher
  baseUrl: string
  bearer: string
  user: Hex
  signal: AbortSignal
}): Promise<bigint> {
  const { agent, baseUrl, bearer, user, signal } = options
  const url = `${baseUrl}/v1/user/${user}/unsettledfee`
  const answer = await getJson({ agent, url, headers: { authorization: `Bearer ${bearer}` }, signal }).catch(
    (cause: unknown) => {
      throw unavailable({ cause })
    },
  )
  const { data } = unsettledFee.safeParse(answer.json)
  if (answer.status !== 200 || !data) throw unavailable()
  return BigInt(data.unsettledFee)
}

function unavailable(options?: ErrorOptions): AppError {
  return new AppError(
    'provider-unavailable',
    'The provider did not say what is unsettled; try again later',
    {},
    options,
  )
}
