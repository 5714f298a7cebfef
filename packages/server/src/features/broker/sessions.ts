import { LRUCache } from 'lru-cache'
import type { Address } from 'viem'
import type { BrokerSigner } from '../../chain/broker-signer.ts'
import type { ChainReader } from '../../chain/reader.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Hex } from '../../platform/hex.ts'
import { createSingleFlight } from '../../platform/single-flight.ts'
import { createSessionToken, type SessionToken } from '../../provider/session-token.ts'

const lifetimeMs = 12 * 3_600_000
const renewBeforeMs = 3_600_000

export type Sessions = ReturnType<typeof createSessions>

/** One session token per user and provider, kept in memory only and renewed an hour before its end. */
export function createSessions({ signer, reader, clock }: { signer: BrokerSigner; reader: ChainReader; clock: Clock }) {
  const tokens = new LRUCache<string, SessionToken>({ max: 10_000 })
  const creating = createSingleFlight<SessionToken>()
  const keyOf = (user: Hex, provider: Address) => `${user}:${provider}`

  async function create(user: Hex, provider: Address): Promise<SessionToken> {
    const broker = signer.brokerAddress(user)
    const { subAccounts } = await reader.readAccount(broker)
    const generation = subAccounts.find((account) => account.provider === provider)?.generation ?? 0
    return createSessionToken({
      user: broker,
      provider,
      generation,
      nowMs: clock.now(),
      lifetimeMs,
      sign: (hash) => signer.signSession(user, hash),
    })
  }

  return {
    /** The bearer value for `provider`. Throws `chain-unavailable` when a new one is needed and the chain is silent. */
    async bearer(user: Hex, provider: Address): Promise<string> {
      const key = keyOf(user, provider)
      const known = tokens.get(key)
      if (known && known.expiresAtMs - clock.now() > renewBeforeMs) return known.bearer
      const token = await creating(key, () => create(user, provider))
      tokens.set(key, token)
      return token.bearer
    },

    /** Drops a token the provider no longer takes. */
    forget: (user: Hex, provider: Address) => tokens.delete(keyOf(user, provider)),
  }
}
