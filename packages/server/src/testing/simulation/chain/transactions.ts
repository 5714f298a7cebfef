import type { Address } from 'viem'
import { ceilingOf, type Fees, type Intent } from '../../../chain/broker-signer.ts'
import {
  inFull,
  lagging,
  plainTransferGas,
  raise,
  sweepMargin,
  type Transactions,
} from '../../../chain/transactions.ts'
import { AppError } from '../../../platform/errors.ts'
import { least } from '../../../platform/neuron.ts'
import type { Sync } from '../sync.ts'
import type { Execution } from './execution.ts'
import type { Mempool } from './mempool.ts'
import { intentOf, type Signatures } from './signer.ts'
import type { ChainState } from './state.ts'

/** Those that the adapter can name. */
const knownErrors = new Set([
  'LedgerNotExists',
  'InsufficientBalance',
  'InsufficientAvailableBalance',
  'MinimumDepositRequired',
  'TooManyProviders',
  'CallFailed',
])

/** The twin of Transactions. */
export function createModelTransactions(deps: {
  state: ChainState
  mempool: Mempool
  execution: Execution
  signatures: Signatures
  confirmations: number
  maxGasPrice: bigint
  suggestedTip: bigint
  nextBaseFee: () => bigint
}): Sync<Transactions> {
  const { state, mempool, execution, signatures, confirmations, maxGasPrice, suggestedTip, nextBaseFee } = deps

  const readFees = (): Fees => ({
    type: 'eip1559',
    maxFeePerGas: state.newest().baseFee * 2n + suggestedTip,
    maxPriorityFeePerGas: suggestedTip,
  })

  function checkGasPrice(gasPrice: bigint): void {
    if (gasPrice <= maxGasPrice) return
    throw new AppError('chain-unavailable', 'The network asks more for gas than this service pays', {
      gasPrice: gasPrice.toString(),
      maxGasPrice: maxGasPrice.toString(),
      retryAfterSeconds: 60,
    })
  }

  const finalBlock = () => Math.max(state.newest().number - (confirmations - 1), 0)

  /** What has just come in may go again. */
  const sureWallet = (address: Address) => least(state.find(address).wallet, state.findAt(address, finalBlock()).wallet)

  /** What a node would estimate. */
  function estimateGas(from: Address, intent: Intent): bigint {
    const user = signatures.findUser(from)
    if (!user) throw new Error(`${from} is no broker address`)
    const outcome = execution.simulate({ broker: from, user, holding: state.find(from) }, intent, state.newest().timeMs)
    if (outcome.done) return outcome.gas.needed
    const contractError = knownErrors.has(outcome.error) ? outcome.error : 'Reverted'
    throw new AppError('invalid-request', `The contract refuses this now (${contractError})`, { contractError })
  }

  return {
    readGasPrice() {
      const gasPrice = nextBaseFee() + suggestedTip
      checkGasPrice(gasPrice)
      return gasPrice
    },

    quote(from, call) {
      const { nonce, wallet } = state.find(from)
      if (wallet < call.value) throw new AppError('chain-unavailable', 'The node does not simulate what cannot be paid')
      const needed = estimateGas(from, intentOf(call))
      const fees = readFees()
      checkGasPrice(ceilingOf(fees))
      return { nonce, gas: (needed * 5n) / 4n, fees, wallet }
    },

    quoteSweep(from, _to, sinceBlock = 0) {
      if (finalBlock() < sinceBlock) throw lagging()
      const wallet = sureWallet(from)
      const suggested = readFees()
      checkGasPrice(ceilingOf(suggested))
      const fees = inFull(suggested)
      const most = wallet - plainTransferGas * ceilingOf(fees)
      if (most <= 0n) return { amount: 0n, gas: plainTransferGas, fees }
      const needed = estimateGas(from, { kind: 'payout', amount: most })
      const gas = needed === plainTransferGas ? needed : needed + sweepMargin
      const amount = wallet - gas * ceilingOf(fees)
      return { amount: amount > 0n ? amount : 0n, gas, fees }
    },

    readWallet: sureWallet,

    broadcast(raw) {
      const transaction = signatures.findSigned(raw)
      return transaction ? mempool.offer(transaction) : 'rejected'
    },

    raisedFees(fees) {
      const raised = raise(fees, readFees())
      checkGasPrice(ceilingOf(raised))
      return raised
    },

    countSettledNonces: (from) => state.findAt(from, finalBlock()).nonce,

    isKnown: (hash) => mempool.has(hash) || state.receiptOf(hash) !== undefined,

    findReceipt(hash) {
      const mined = state.receiptOf(hash)
      if (!mined || state.newest().number - mined.blockNumber + 1 < confirmations) return undefined
      const { succeeded, blockNumber, gasUsed, effectiveGasPrice } = mined
      return { succeeded, blockNumber, gasUsed, effectiveGasPrice }
    },
  }
}
