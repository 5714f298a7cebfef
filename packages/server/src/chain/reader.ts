import { type Address, isAddressEqual, type PublicClient, parseEventLogs } from 'viem'
import type { Hex } from '../platform/hex.ts'
import { inferenceServingAbi } from './abis/inference-serving.ts'
import { ledgerManagerAbi } from './abis/ledger-manager.ts'
import type { Contracts } from './contracts.ts'
import { onChain, revertName } from './errors.ts'

export type ChainAccount = {
  brokerAddress: Address
  blockNumber: number
  /** When that block was made, in milliseconds since 1970. */
  blockTimeMs: number
  /** Held by the broker address itself. */
  wallet: bigint
  /** Undefined until the first deposit. */
  ledger: { available: bigint; total: bigint } | undefined
  subAccounts: ChainSubAccount[]
}

export type ChainSubAccount = {
  provider: Address
  balance: bigint
  /** The part of the balance that was asked back and is still there. */
  pendingRefund: bigint
  refunds: { amount: bigint; createdAtMs: number }[]
  generation: number
}

/** What every sub-account held as of a block that is final. */
export type Sightings = { blockNumber: number; balances: { provider: Address; balance: bigint }[] }

/** What one transaction moved into a sub-account (below zero: out of it), and what it left there. */
export type Move = { provider: Address; moved: bigint; left: bigint }

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

/** So many blocks are searched for events at a time; nodes refuse more. */
const eventBlocks = 2_000n

/** Reads the 0G contracts. Every method throws `chain-unavailable` when the RPC does not answer. */
export function createChainReader(options: { client: PublicClient; contracts: Contracts; confirmations: number }) {
  const { client, contracts, confirmations } = options
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
    return accounts.map(({ provider, balance, pendingRefund, refunds, validRefundsLength, generation }) => ({
      provider,
      balance,
      pendingRefund,
      // NOTE those beyond the valid length are left over from earlier refunds.
      refunds: refunds
        .slice(0, Number(validRefundsLength))
        .map(({ amount, createdAt }) => ({ amount, createdAtMs: Number(createdAt) * 1_000 })),
      generation: Number(generation),
    }))
  }

  /** The balances that a broker's sub-accounts were given between two blocks, oldest first. */
  async function listBalanceUpdates(broker: Address, fromBlock: number, toBlock: number) {
    const updates = []
    for (let first = BigInt(fromBlock); first <= BigInt(toBlock); first += eventBlocks) {
      const last = first + eventBlocks - 1n
      const found = await client.getContractEvents({
        ...inference,
        eventName: 'BalanceUpdated',
        args: { user: broker },
        fromBlock: first,
        toBlock: last < BigInt(toBlock) ? last : BigInt(toBlock),
        strict: true,
      })
      updates.push(...found)
    }
    return updates.map(({ args, transactionHash }) => ({
      provider: args.provider,
      balance: args.amount,
      hash: transactionHash,
    }))
  }

  /** How many balances a mined transaction says it has changed. */
  async function countBalanceUpdates(hash: Hex): Promise<number> {
    const { logs } = await client.getTransactionReceipt({ hash })
    const own = logs.filter(({ address }) => isAddressEqual(address, contracts.inference))
    return parseEventLogs({ abi: inferenceServingAbi, eventName: 'BalanceUpdated', logs: own }).length
  }

  return {
    /** Everything a broker account owns, as of one block. */
    readAccount: (broker: Address): Promise<ChainAccount> =>
      onChain(async () => {
        const { number: blockNumber, timestamp } = await client.getBlock()
        const [wallet, found, subAccounts] = await Promise.all([
          client.getBalance({ address: broker, blockNumber }),
          findLedger(broker, blockNumber),
          listSubAccounts(broker, blockNumber),
        ])
        return {
          brokerAddress: broker,
          blockNumber: Number(blockNumber),
          blockTimeMs: Number(timestamp) * 1_000,
          wallet,
          ledger: found,
          subAccounts,
        }
      }),

    /** What each sub-account of a broker holds as of the newest block that is final. */
    readSightings: (broker: Address): Promise<Sightings> =>
      onChain(async () => {
        const newest = await client.getBlockNumber({ cacheTime: 0 })
        const depth = newest - BigInt(confirmations - 1)
        const blockNumber = depth > 0n ? depth : 0n
        const accounts = await listSubAccounts(broker, blockNumber)
        const balances = accounts.map(({ provider, balance }) => ({ provider, balance }))
        return { blockNumber: Number(blockNumber), balances }
      }),

    /**
     * What the final transaction `hash` moved, told from the events since `since` was seen. Settlements in between are told
     * apart by their own events. Throws `chain-unavailable`, also when the node has not come to the block of `hash`.
     */
    listMoves: (move: { broker: Address; hash: Hex; blockNumber: number; since: Sightings }): Promise<Move[]> =>
      onChain(async () => {
        const { broker, hash, blockNumber, since } = move
        const expected = await countBalanceUpdates(hash)
        if (expected === 0) return []
        const held = new Map(since.balances.map(({ provider, balance }) => [provider, balance]))
        const moves: Move[] = []
        for (const { provider, balance, hash: cause } of await listBalanceUpdates(
          broker,
          since.blockNumber + 1,
          blockNumber,
        )) {
          if (cause === hash) moves.push({ provider, moved: balance - (held.get(provider) ?? 0n), left: balance })
          held.set(provider, balance)
        }
        // NOTE a node that lags behind tells no events, and no error either.
        if (moves.length < expected) throw new Error(`Only ${moves.length} of ${expected} events of ${hash} were told`)
        return moves
      }),

    /** When the newest block was made, in milliseconds since 1970. */
    readBlockTimeMs: (): Promise<number> => onChain(async () => Number((await client.getBlock()).timestamp) * 1_000),

    /** How long what is asked back waits; its owner may change it. */
    readLockTimeMs: (): Promise<number> =>
      onChain(async () => Number(await client.readContract({ ...inference, functionName: 'lockTime' })) * 1_000),

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
