import {
  type Address,
  BaseError,
  type PublicClient,
  RpcRequestError,
  TransactionNotFoundError,
  TransactionReceiptNotFoundError,
} from 'viem'
import { AppError } from '../platform/errors.ts'
import type { Hex } from '../platform/hex.ts'
import { least, most } from '../platform/neuron.ts'
import { type Call, ceilingOf, type Fees } from './broker-signer.ts'
import { onChain, refusalOf } from './errors.ts'

/** What signing needs to know; `wallet` is what there is to pay it with. */
export type Quote = { nonce: number; gas: bigint; fees: Fees; wallet: bigint }

/** The most a wallet can pay out, and what the transaction that leaves nothing behind must be signed with. */
export type Sweep = { amount: bigint; gas: bigint; fees: Fees }

export type Receipt = { succeeded: boolean; blockNumber: number; gasUsed: bigint; effectiveGasPrice: bigint }

/** What a node says to signed bytes. `unanswered`: nobody knows whether they arrived. */
export type BroadcastOutcome = 'accepted' | 'nonce-used' | 'underpriced' | 'no-gas-money' | 'rejected' | 'unanswered'

/** Gas of a transfer to an address without code. */
export const plainTransferGas = 21_000n

/** A contract may need a little more than was estimated; what it leaves is less than a plain transfer's gas. */
export const sweepMargin = 10_000n

/** Nodes tell these apart by words only. */
const complaints: readonly [RegExp, BroadcastOutcome][] = [
  [/already known|already imported|known transaction/i, 'accepted'],
  [/nonce (is )?too low|nonce has already been used/i, 'nonce-used'],
  [/underpriced|fee too low|less than block base fee|gas price too low/i, 'underpriced'],
  [/insufficient funds/i, 'no-gas-money'],
]

export type Transactions = ReturnType<typeof createTransactions>

/** Sends what is already signed and finds what became of it. */
export function createTransactions(options: { client: PublicClient; confirmations: number; maxGasPrice: bigint }) {
  const { client, confirmations, maxGasPrice } = options

  /** Room for the base fee to double before the transaction is mined; without a base fee, the plain gas price. */
  async function readFees(): Promise<Fees> {
    const { baseFeePerGas } = await client.getBlock()
    if (baseFeePerGas === null) return { type: 'legacy', gasPrice: await client.getGasPrice() }
    const maxPriorityFeePerGas = await client.estimateMaxPriorityFeePerGas()
    return { type: 'eip1559', maxFeePerGas: baseFeePerGas * 2n + maxPriorityFeePerGas, maxPriorityFeePerGas }
  }

  /** The newest block that no reorganisation is expected to take out. */
  async function readFinalBlock(): Promise<bigint> {
    const depth = (await client.getBlockNumber({ cacheTime: 0 })) - BigInt(confirmations - 1)
    return depth > 0n ? depth : 0n
  }

  /** What an address surely has: what has just come in may go again with its block. */
  async function readSureWallet(address: Address): Promise<bigint> {
    const blockNumber = await readFinalBlock()
    const [newest, final] = await Promise.all([
      client.getBalance({ address }),
      client.getBalance({ address, blockNumber }),
    ])
    return least(newest, final)
  }

  /** What a node asks for is only its word. */
  function checkGasPrice(gasPrice: bigint): void {
    if (gasPrice <= maxGasPrice) return
    throw new AppError(
      'chain-unavailable',
      'The network asks more for gas than this service pays. Nothing was signed; try again later',
      { gasPrice: gasPrice.toString(), maxGasPrice: maxGasPrice.toString(), retryAfterSeconds: 60 },
    )
  }

  return {
    /** Neuron per gas, as the node suggests it: what reserves are reckoned with. Throws `chain-unavailable`, also when it is too dear. */
    readGasPrice: (): Promise<bigint> =>
      onChain(async () => {
        const gasPrice = await client.getGasPrice()
        checkGasPrice(gasPrice)
        return gasPrice
      }),

    /**
     * Simulates `call` and returns what is needed to sign it. Throws `chain-unavailable` when the RPC fails or gas is too
     * dear, and `invalid-request` when the contract refuses: its rules are checked before, so the state has just changed.
     */
    quote: (from: Address, call: Call): Promise<Quote> =>
      onChain(async () => {
        const [nonce, wallet, gas, fees] = await Promise.all([
          client.getTransactionCount({ address: from, blockTag: 'latest' }),
          client.getBalance({ address: from }),
          client.estimateGas({ account: from, ...call }).catch((error: unknown) => {
            throw refusalOf(error) ?? error
          }),
          readFees(),
        ])
        checkGasPrice(ceilingOf(fees))
        return { nonce, gas: (gas * 5n) / 4n, fees, wallet }
      }),

    /**
     * How to pay all that `from` surely holds to `to`. The price is paid in full, so that what is left is known beforehand:
     * nothing after a transfer to a plain account, less than a transfer's gas after one to a contract. Throws as `quote`
     * does, and when the node has not come to `sinceBlock`; `amount` is 0 when the gas takes everything.
     */
    quoteSweep: (from: Address, to: Address, sinceBlock = 0): Promise<Sweep> =>
      onChain(async () => {
        if ((await readFinalBlock()) < BigInt(sinceBlock)) throw lagging()
        const [wallet, suggested] = await Promise.all([readSureWallet(from), readFees()])
        checkGasPrice(ceilingOf(suggested))
        const fees = inFull(suggested)
        const mostPaid = wallet - plainTransferGas * ceilingOf(fees)
        if (mostPaid <= 0n) return { amount: 0n, gas: plainTransferGas, fees }
        const needed = await client.estimateGas({ account: from, to, value: mostPaid }).catch((error: unknown) => {
          throw refusalOf(error) ?? error
        })
        const gas = needed === plainTransferGas ? needed : needed + sweepMargin
        const amount = wallet - gas * ceilingOf(fees)
        return { amount: amount > 0n ? amount : 0n, gas, fees }
      }),

    /** What an address surely holds by itself, in neuron. Throws `chain-unavailable`. */
    readWallet: (address: Address): Promise<bigint> => onChain(() => readSureWallet(address)),

    /** Hands signed bytes to the chain; never throws. Sending the same bytes again is harmless, so only a receipt decides. */
    async broadcast(raw: Hex): Promise<BroadcastOutcome> {
      try {
        await client.sendRawTransaction({ serializedTransaction: raw })
        return 'accepted'
      } catch (error) {
        return broadcastOutcome(error)
      }
    },

    /**
     * Fees that replace a transaction paying `fees`: an eighth more, or what the node suggests by now if that is more.
     * Throws `chain-unavailable`, also when that is too dear.
     */
    raisedFees: (fees: Fees): Promise<Fees> =>
      onChain(async () => {
        const raised = raise(fees, await readFees())
        checkGasPrice(ceilingOf(raised))
        return raised
      }),

    /** How many nonces of `from` are used up, as deep as a receipt must be. Throws `chain-unavailable`. */
    countSettledNonces: (from: Address): Promise<number> =>
      onChain(async () => {
        return client.getTransactionCount({ address: from, blockNumber: await readFinalBlock() })
      }),

    /** Whether the node knows the transaction, in a block or waiting for one. Throws `chain-unavailable`. */
    isKnown: (hash: Hex): Promise<boolean> =>
      onChain(async () => {
        try {
          return (await client.getTransaction({ hash })) !== null
        } catch (error) {
          if (error instanceof TransactionNotFoundError) return false
          throw error
        }
      }),

    /** The receipt once it is `confirmations` blocks deep; undefined before. Throws `chain-unavailable`. */
    findReceipt: (hash: Hex): Promise<Receipt | undefined> =>
      onChain(async () => {
        try {
          // NOTE the depth is read first: what a reorganisation takes out in between is then not found any more.
          const final = confirmations > 1 ? await readFinalBlock() : undefined
          const receipt = await client.getTransactionReceipt({ hash })
          if (final !== undefined && receipt.blockNumber > final) return undefined
          return {
            succeeded: receipt.status === 'success',
            blockNumber: Number(receipt.blockNumber),
            gasUsed: receipt.gasUsed,
            effectiveGasPrice: receipt.effectiveGasPrice,
          }
        } catch (error) {
          if (error instanceof TransactionReceiptNotFoundError) return undefined
          throw error
        }
      }),
  }
}

/** Nodes behind one address may lag: what they tell is older than what is known. */
export function lagging(): AppError {
  return new AppError('chain-unavailable', 'The node that answered is behind the others: try again shortly', {
    retryAfterSeconds: 5,
  })
}

function broadcastOutcome(error: unknown): BroadcastOutcome {
  const answer = error instanceof BaseError ? error.walk((cause) => cause instanceof RpcRequestError) : null
  if (!(answer instanceof RpcRequestError)) return 'unanswered'
  const known = complaints.find(([words]) => words.test(answer.details))
  return known ? known[1] : 'rejected'
}

/** The same ceiling, all of which is paid whatever the base fee turns out to be. */
export function inFull(fees: Fees): Fees {
  return fees.type === 'legacy' ? fees : { ...fees, maxPriorityFeePerGas: fees.maxFeePerGas }
}

/** Nodes replace a transaction for a tenth more; an eighth is safely above. */
export function raise(fees: Fees, suggested: Fees): Fees {
  const raised = (price: bigint) => (price * 9n) / 8n + 1n
  if (fees.type === 'legacy') {
    const now = suggested.type === 'legacy' ? suggested.gasPrice : suggested.maxFeePerGas
    return { type: 'legacy', gasPrice: most(raised(fees.gasPrice), now) }
  }
  const now = suggested.type === 'eip1559' ? suggested : { maxFeePerGas: suggested.gasPrice, maxPriorityFeePerGas: 0n }
  return {
    type: 'eip1559',
    maxFeePerGas: most(raised(fees.maxFeePerGas), now.maxFeePerGas),
    maxPriorityFeePerGas: most(raised(fees.maxPriorityFeePerGas), now.maxPriorityFeePerGas),
  }
}
