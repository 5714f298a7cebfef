import { z } from 'zod'
import { address } from './identity.ts'
import { og } from './money.ts'

/** What a frontend needs to connect a wallet and to explain the minimums. */
export const configResponse = z
  .object({
    chainId: z.int(),
    rpcUrl: z.string(),
    currency: z.object({ name: z.string(), symbol: z.string(), decimals: z.int() }),
    contracts: z.object({ ledger: address, inference: address }),
    minimumDeposit: og,
    minimumProviderLock: og,
    lockTimeSeconds: z.int(),
    gasReserve: og.meta({ description: 'Stays in the broker wallet on top of a deposit' }),
    freshness: z.object({ pastMs: z.int(), futureMs: z.int() }),
    serverTime: z.int(),
  })
  .meta({ id: 'ConfigResponse' })

export const healthResponse = z.object({ status: z.literal('ok') }).meta({ id: 'HealthResponse' })

const check = z.enum(['ok', 'failed'])

export const readyResponse = z
  .object({
    status: z.enum(['ready', 'not-ready']),
    checks: z.object({ chain: check, database: check, providers: check }),
  })
  .meta({ id: 'ReadyResponse' })
