import { createPublicClient, http, type PublicClient } from 'viem'
import { StartupError } from '../platform/errors.ts'
import type { Hex } from '../platform/hex.ts'

const rpcTimeoutMs = 10_000

/** A JSON-RPC client that batches what is asked in one tick. */
export function createChainClient(rpcUrl: string): PublicClient {
  return createPublicClient({ transport: http(rpcUrl, { batch: true, timeout: rpcTimeoutMs, retryCount: 1 }) })
}

/** Checks that the RPC is on the expected chain and returns the hash of its first block. Throws `StartupError` otherwise. */
export async function identifyChain(client: PublicClient, expected: { chainId: number; rpcUrl: string }): Promise<Hex> {
  const [chainId, genesis] = await Promise.all([client.getChainId(), client.getBlock({ blockNumber: 0n })]).catch(
    (error) => {
      throw new StartupError(
        `COMPUTE_RPC_URL ${new URL(expected.rpcUrl).origin} does not answer: check that the node runs`,
        { cause: error },
      )
    },
  )
  if (chainId !== expected.chainId) {
    throw new StartupError(
      `COMPUTE_RPC_URL is on chain ${chainId}, but CHAIN_ID is ${expected.chainId}: correct one of them`,
    )
  }
  return genesis.hash
}
