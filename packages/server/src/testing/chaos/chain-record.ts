import type { Devnet } from '@dreamscape/devnet/devnet'
import { type Address, getAddress, type Hex, type Log, parseEventLogs } from 'viem'
import { type Act, actOf, balanceUpdatedAbi, foreignDepositOf, settlementsOf } from './chain-acts.ts'

/** A mined transaction of a broker address. */
export type Sent = {
  hash: Hex
  nonce: number
  blockNumber: bigint
  succeeded: boolean
  gasUsed: bigint
  effectiveGasPrice: bigint
  act: Act
  /** What it brought into sub-accounts or, below zero, out of them, by provider. */
  moves: Map<Address, bigint>
}

/** What the chain itself says of a broker address, from its first block on. Neuron. */
export type ChainRecord = {
  /** By transactions of its own, in order of their nonces. */
  sent: Sent[]
  /** Into its wallet, from outside. */
  received: { blockNumber: bigint; amount: bigint }[]
  depositedByOthers: bigint
  /** Taken in settlements, by provider. */
  taken: Map<Address, bigint>
}

/** A record in the making: what its sub-accounts hold by now. */
type Draft = ChainRecord & { held: Map<Address, bigint> }

const emptyDraft = (): Draft => ({ sent: [], received: [], depositedByOthers: 0n, taken: new Map(), held: new Map() })

/** So many blocks are read at once. */
const blocksAtOnce = 50

/** Reads, in their order, all blocks and every receipt that concerns one of `brokers`. */
export async function readChain({ publicClient, contracts }: Devnet, brokers: readonly Address[]) {
  const drafts = new Map(brokers.map((broker) => [broker.toLowerCase(), emptyDraft()]))
  const draftOf = (address: Address | null | undefined) => drafts.get(address?.toLowerCase() ?? '')
  const newest = await publicClient.getBlockNumber()
  type Transaction = Awaited<ReturnType<typeof readBlock>>['transactions'][number]
  type Receipt = Awaited<ReturnType<typeof publicClient.getTransactionReceipt>>

  const readBlock = (blockNumber: bigint) => publicClient.getBlock({ blockNumber, includeTransactions: true })

  function isOfInterest({ from, to }: Transaction): boolean {
    if (draftOf(from) || draftOf(to)) return true
    return Object.values(contracts).some((contract) => contract.toLowerCase() === to?.toLowerCase())
  }

  function note(transaction: Transaction, receipt: Receipt): void {
    const { from, to, value, input, hash, nonce } = transaction
    const { gasUsed, effectiveGasPrice, blockNumber, logs } = receipt
    const succeeded = receipt.status === 'success'
    const moves = noteBalances(logs)
    const own = draftOf(from)
    if (own) {
      const act = actOf({ to, input, value, ledger: contracts.ledger })
      const moved = moves.get(from.toLowerCase()) ?? new Map()
      own.sent.push({ hash, nonce, blockNumber, succeeded, gasUsed, effectiveGasPrice, act, moves: moved })
    }
    if (!succeeded) return
    draftOf(to)?.received.push({ blockNumber, amount: value })
    if (own) return
    const foreign = foreignDepositOf({ to, input, value, ledger: contracts.ledger })
    const receiver = draftOf(foreign?.recipient)
    if (foreign && receiver) receiver.depositedByOthers += foreign.amount
    for (const { user, provider, paid } of settlementsOf({ from, to, input, logs, inference: contracts.inference })) {
      const record = draftOf(user)
      record?.taken.set(provider, (record.taken.get(provider) ?? 0n) + paid)
    }
  }

  /** Keeps what sub-accounts hold by now, and tells what changed: by broker and provider. */
  function noteBalances(logs: Log[]): Map<string, Map<Address, bigint>> {
    const moves = new Map<string, Map<Address, bigint>>()
    for (const { args } of parseEventLogs({ abi: balanceUpdatedAbi, eventName: 'BalanceUpdated', logs })) {
      const broker = args.user.toLowerCase()
      const provider = getAddress(args.provider)
      const held = draftOf(args.user)?.held
      const own = moves.get(broker) ?? new Map<Address, bigint>()
      own.set(provider, (own.get(provider) ?? 0n) + args.amount - (held?.get(provider) ?? 0n))
      moves.set(broker, own)
      held?.set(provider, args.amount)
    }
    return moves
  }

  for (let first = 0n; first <= newest; first += BigInt(blocksAtOnce)) {
    const numbers = Array.from({ length: blocksAtOnce }, (_, index) => first + BigInt(index))
    const blocks = await Promise.all(numbers.filter((number) => number <= newest).map(readBlock))
    const chosen = blocks.flatMap(({ transactions }) => transactions.filter(isOfInterest))
    const receipts = await Promise.all(chosen.map(({ hash }) => publicClient.getTransactionReceipt({ hash })))
    chosen.forEach((transaction, index) => {
      const receipt = receipts[index]
      if (receipt) note(transaction, receipt)
    })
  }
  for (const { sent } of drafts.values()) sent.sort((a, b) => a.nonce - b.nonce)
  return (broker: Address): ChainRecord => draftOf(broker) ?? emptyDraft()
}
