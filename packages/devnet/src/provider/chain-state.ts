import { type Address, BaseError, ContractFunctionRevertedError } from 'viem'
import type { DevnetPublicClient } from '../chain/clients.ts'
import { inferenceAbi } from '../contracts/abi.ts'
import { contracts } from '../contracts/addresses.ts'

export type ChainState = ReturnType<typeof createChainState>
export type ChainAccount = NonNullable<Awaited<ReturnType<typeof readAccount>>>
export type ChainService = Awaited<ReturnType<typeof readService>>

type Source = { publicClient: DevnetPublicClient; provider: Address }

/** What a provider knows from the chain: its own service and its users' accounts, each kept for `cacheMs`. */
export function createChainState({ publicClient, provider, cacheMs }: Source & { cacheMs: number }) {
  const accounts = createCache((user: Address) => readAccount({ publicClient, provider }, user), cacheMs)
  const services = createCache((own: Address) => readService(publicClient, own), cacheMs)
  return {
    /** Undefined when the user has no account with this provider. */
    findAccount: (user: Address) => accounts.get(user),
    getService: () => services.get(provider),
    /** Forgets a user's account, so that the next read asks the chain. */
    forgetAccount: (user: Address) => accounts.forget(user),
    /**
     * Runs `check` on what is known, and once more on a fresh reading if it throws: a top-up, a new account or an
     * acknowledgement counts at once.
     */
    async withFreshRetry<T>(user: Address, check: () => Promise<T>): Promise<T> {
      try {
        return await check()
      } catch {
        accounts.forget(user)
        services.forget(provider)
        return check()
      }
    },
  }
}

async function readAccount({ publicClient, provider }: Source, user: Address) {
  try {
    return await publicClient.readContract({
      address: contracts.inference,
      abi: inferenceAbi,
      functionName: 'getAccount',
      args: [user, provider],
    })
  } catch (error) {
    if (isRevert(error, 'AccountNotExists')) return undefined
    throw error
  }
}

function readService(publicClient: DevnetPublicClient, provider: Address) {
  return publicClient.readContract({
    address: contracts.inference,
    abi: inferenceAbi,
    functionName: 'getService',
    args: [provider],
  })
}

export function isRevert(error: unknown, errorName: string): boolean {
  if (!(error instanceof BaseError)) return false
  const revert = error.walk((cause) => cause instanceof ContractFunctionRevertedError)
  return revert instanceof ContractFunctionRevertedError && revert.data?.errorName === errorName
}

function createCache<K, V>(read: (key: K) => Promise<V>, maxAgeMs: number) {
  const entries = new Map<K, { value: Promise<V>; readAt: number }>()
  return {
    get(key: K): Promise<V> {
      const known = entries.get(key)
      if (known && performance.now() - known.readAt < maxAgeMs) return known.value
      const value = read(key)
      entries.set(key, { value, readAt: performance.now() })
      value.catch(() => entries.delete(key))
      return value
    },
    forget: (key: K) => void entries.delete(key),
  }
}
