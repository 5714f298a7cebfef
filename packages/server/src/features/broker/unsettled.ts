import type { Address } from 'viem'
import type { Hex } from '../../platform/hex.ts'
import type { Catalogue } from '../models/catalogue.ts'
import type { UnsettledSource } from './service.ts'
import type { Sessions } from './sessions.ts'

const timeoutMs = 2_000

type FetchFee = (request: { baseUrl: string; bearer: string; user: Hex; signal: AbortSignal }) => Promise<bigint>

/** Asks each provider, all at once and briefly, what the user owes it (0G provider broker: `unsettledfee`). */
export function createUnsettledSource(deps: {
  catalogue: Catalogue
  sessions: Sessions
  brokerAddress: (user: Hex) => Address
  fetchFee: FetchFee
}): UnsettledSource {
  const { catalogue, sessions, brokerAddress, fetchFee } = deps

  async function ask(user: Hex, provider: Address): Promise<[Address, bigint]> {
    const { baseUrl } = await catalogue.get(provider)
    const bearer = await sessions.bearer(user, provider)
    const signal = AbortSignal.timeout(timeoutMs)
    return [provider, await fetchFee({ baseUrl, bearer, user: brokerAddress(user), signal })]
  }

  return async (user, providers) => {
    const answers = await Promise.allSettled(providers.map((provider) => ask(user, provider)))
    // A provider that does not answer takes nothing away: our own books say what it is owed.
    return new Map(answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : [])))
  }
}
