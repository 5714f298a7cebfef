import type { Address } from 'viem'
import type { ChainState } from './chain-state.ts'
import { inStep } from './refusal.ts'
import { checkTokenRevocation, checkTokenSignature, checkTokenTerms, parseSessionToken } from './session-token.ts'

export type Sessions = ReturnType<typeof createSessions>

const maxKnownSignatures = 1_000

/** Tells whose request it is. Checks in the order of the 0G provider broker's ValidateSession. */
export function createSessions({ provider, chain }: { provider: Address; chain: ChainState }) {
  const verified = new Set<string>() // recovering a signer is the costly part

  return {
    /** The user's address; refuses what does not prove one. */
    getUser: (authorization: string | undefined): Promise<Address> =>
      inStep('validate session', async () => {
        const signed = parseSessionToken(authorization)
        const { token } = signed
        checkTokenTerms(token, { provider, nowMs: Date.now() })
        await chain.withFreshRetry(token.address, async () =>
          checkTokenRevocation(token, await chain.findAccount(token.address)),
        )
        const key = `${signed.rawMessage}|${signed.signature}`
        if (!verified.has(key)) {
          await checkTokenSignature(signed)
          if (verified.size >= maxKnownSignatures) verified.clear()
          verified.add(key)
        }
        return token.address
      }),
  }
}
