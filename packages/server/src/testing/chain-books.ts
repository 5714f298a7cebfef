import type { Devnet } from '@dreamscape/devnet/devnet'
import type { Address } from 'viem'
import { inferenceServingAbi } from '../chain/abis/inference-serving.ts'
import { ledgerManagerAbi } from '../chain/abis/ledger-manager.ts'

/** What the contracts say of an account, without the server. Neuron; zeros where there is no ledger. */
export async function readChainBooks({ publicClient, contracts, providers }: Devnet, broker: Address) {
  const [wallet, nonce, ledger, [accounts]] = await Promise.all([
    publicClient.getBalance({ address: broker }),
    publicClient.getTransactionCount({ address: broker }),
    publicClient
      .readContract({ address: contracts.ledger, abi: ledgerManagerAbi, functionName: 'getLedger', args: [broker] })
      .catch(() => ({ totalBalance: 0n, availableBalance: 0n })),
    publicClient.readContract({
      address: contracts.inference,
      abi: inferenceServingAbi,
      functionName: 'getAccountsByUser',
      args: [broker, 0n, 50n],
    }),
  ])
  return {
    wallet,
    nonce,
    total: ledger.totalBalance,
    available: ledger.availableBalance,
    locks: new Map(accounts.map(({ provider, balance }) => [provider, balance])),
    /** What the providers have earned and not yet taken. */
    unsettled: providers.reduce((sum, provider) => sum + provider.unsettledFee(broker), 0n),
  }
}
