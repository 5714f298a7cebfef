import type { Address, PublicClient } from 'viem'
import { inferenceServingAbi } from './abis/inference-serving.ts'
import { ledgerManagerAbi } from './abis/ledger-manager.ts'
import type { Contracts } from './contracts.ts'
import { onChain, revertName } from './errors.ts'

export type ChainAccount = {
  brokerAddress: Address
  blockNumber: number
  /** Held by the broker address itself. */
  wallet: bigint
  /** Undefined until the first deposit. */
  ledger: { available: bigint; total: bigint } | undefined
  subAccounts: ChainSubAccount[]
}

export type ChainSubAccount = { provider: Address; balance: bigint; pendingRefund: bigint; generation: number }

export type ChainService = {
  provider: Address
  url: string
  model: string
  inputPrice: bigint
  outputPrice: bigint
  verifiability: string
  additionalInfo: string
  teeSigner: Address
}

/** What the contracts fix for everybody, read once at the start. */
export type ChainTerms = {
  minimumDeposit: bigint
  minimumTransfer: bigint
  lockTimeSeconds: number
  serviceName: string
}

export type ChainReader = ReturnType<typeof createChainReader>

const pageSize = 50n

/** Reads the 0G contracts. Every method throws `chain-unavailable` when the RPC does not answer. */
export function createChainReader({ client, contracts }: { client: PublicClient; contracts: Contracts }) {
  const ledger = { address: contracts.ledger, abi: ledgerManagerAbi } as const
  const inference = { address: contracts.inference, abi: inferenceServingAbi } as const

  async function findLedger(broker: Address, blockNumber: bigint) {
    try {
      const found = await client.readContract({ ...ledger, functionName: 'getLedger', args: [broker], blockNumber })
      return { available: found.availableBalance, total: found.totalBalance }
    } catch (error) {
      if (revertName(error) === 'LedgerNotExists') return undefined
      throw error
    }
  }

  async function listSubAccounts(broker: Address, blockNumber: bigint): Promise<ChainSubAccount[]> {
    const accounts = await allPages((offset) =>
      client
        .readContract({
          ...inference,
          functionName: 'getAccountsByUser',
          args: [broker, offset, pageSize],
          blockNumber,
        })
        .then(([items, total]) => ({ items, total })),
    )
    return accounts.map(({ provider, balance, pendingRefund, generation }) => ({
      provider,
      balance,
      pendingRefund,
      generation: Number(generation),
    }))
  }

  return {
    /** Everything a broker account owns, as of one block. */
    readAccount: (broker: Address): Promise<ChainAccount> =>
      onChain(async () => {
        const blockNumber = await client.getBlockNumber({ cacheTime: 0 })
        const [wallet, found, subAccounts] = await Promise.all([
          client.getBalance({ address: broker, blockNumber }),
          findLedger(broker, blockNumber),
          listSubAccounts(broker, blockNumber),
        ])
        return { brokerAddress: broker, blockNumber: Number(blockNumber), wallet, ledger: found, subAccounts }
      }),

    /** Chat services whose TEE signer the network's owner has acknowledged. */
    listServices: (): Promise<ChainService[]> =>
      onChain(async () => {
        const services = await allPages((offset) =>
          client
            .readContract({ ...inference, functionName: 'getAllServices', args: [offset, pageSize] })
            .then(([items, total]) => ({ items, total })),
        )
        return services
          .filter(({ serviceType, teeSignerAcknowledged }) => serviceType === 'chatbot' && teeSignerAcknowledged)
          .map(({ teeSignerAddress, ...service }) => ({ ...service, teeSigner: teeSignerAddress }))
      }),

    readTerms: (): Promise<ChainTerms> =>
      onChain(async () => {
        const [minimumDeposit, minimumTransfer, lockTime, info] = await Promise.all([
          client.readContract({ ...ledger, functionName: 'MIN_ACCOUNT_BALANCE' }),
          client.readContract({ ...ledger, functionName: 'MIN_TRANSFER_AMOUNT' }),
          client.readContract({ ...inference, functionName: 'lockTime' }),
          client.readContract({ ...ledger, functionName: 'getServiceInfo', args: [contracts.inference] }),
        ])
        return { minimumDeposit, minimumTransfer, lockTimeSeconds: Number(lockTime), serviceName: info.fullName }
      }),

    readBlockNumber: (): Promise<number> => onChain(async () => Number(await client.getBlockNumber({ cacheTime: 0 }))),
  }
}

async function allPages<T>(read: (offset: bigint) => Promise<{ items: readonly T[]; total: bigint }>): Promise<T[]> {
  const all: T[] = []
  // NOTE the bound ends a loop that a lying RPC could keep alive: LedgerManager allows 500 services.
  while (all.length < 1_000) {
    const { items, total } = await read(BigInt(all.length))
    all.push(...items)
    if (items.length === 0 || BigInt(all.length) >= total) break
  }
  return all
}
