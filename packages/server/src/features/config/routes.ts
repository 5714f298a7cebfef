import { formatOg } from '@dreamscape/protocol/money'
import { configResponse } from '@dreamscape/protocol/service'
import type { Contracts } from '../../chain/contracts.ts'
import type { ChainTerms } from '../../chain/reader.ts'
import type { Transactions } from '../../chain/transactions.ts'
import { type Route, route } from '../../http/route.ts'
import type { Clock } from '../../platform/clock.ts'
import { createSingleFlight } from '../../platform/single-flight.ts'
import { freshness } from '../auth/service.ts'
import { minimumProviderLock } from '../broker/terms.ts'
import { depositReserve } from '../funding/gas-reserve.ts'

/** Strangers may ask as often as they like; the chain is asked this often. */
const gasPriceAgeMs = 5_000

export function configRoutes(deps: {
  chainId: number
  publicRpcUrl: string
  contracts: Contracts
  terms: ChainTerms
  transactions: Transactions
  clock: Clock
}): Route[] {
  const { chainId, publicRpcUrl, contracts, terms, transactions, clock } = deps
  const gasPrice = recently(() => transactions.readGasPrice(), clock)
  return [
    route({
      operationId: 'getConfig',
      method: 'get',
      path: '/api/config',
      summary: 'What a frontend needs to connect a wallet and to explain minimums',
      tag: 'service',
      auth: 'none',
      response: configResponse,
      problems: ['chain-unavailable'],
      handler: async () => ({
        chainId,
        rpcUrl: publicRpcUrl,
        currency: { name: 'OG', symbol: 'OG', decimals: 18 },
        contracts,
        minimumDeposit: formatOg(terms.minimumDeposit),
        minimumProviderLock: formatOg(minimumProviderLock),
        lockTimeSeconds: terms.lockTimeSeconds,
        gasReserve: formatOg(depositReserve(await gasPrice())),
        freshness,
        serverTime: clock.now(),
      }),
    }),
  ]
}

/** What `read` said within the last seconds, or says now. A failure is not remembered. */
function recently(read: () => Promise<bigint>, clock: Clock): () => Promise<bigint> {
  const reading = createSingleFlight<bigint>()
  let last: { value: bigint; atMs: number } | undefined
  return async () => {
    if (last && clock.now() - last.atMs < gasPriceAgeMs) return last.value
    const value = await reading('gas price', read)
    last = { value, atMs: clock.now() }
    return value
  }
}
