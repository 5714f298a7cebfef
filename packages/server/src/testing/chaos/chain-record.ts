import { inferenceAbi } from '@dreamscape/devnet/contracts/abi'
import type { Devnet } from '@dreamscape/devnet/devnet'
import { type Address, decodeFunctionData, type Hex, isAddressEqual, parseAbi, parseEventLogs } from 'viem'

const ledgerAbi = parseAbi([
  'function depositFund() payable',
  'function depositFundFor(address recipient) payable',
  'function transferFund(address provider, string serviceName, uint256 amount)',
])

/** A mined transaction of a broker address. */
export type Sent = {
  hash: Hex
  nonce: number
  succeeded: boolean
  gasUsed: bigint
  effectiveGasPrice: bigint
  act: { kind: 'deposit'; amount: bigint } | { kind: 'transfer'; provider: Address; amount: bigint } | { kind: 'other' }
}

/** What the chain itself says of a broker address, from its first block on. Neuron. */
export type ChainRecord = {
  /** By transactions of its own, in order of their nonces. */
  sent: Sent[]
  received: bigint
  depositedByOthers: bigint
  /** Taken in settlements, by provider. */
  taken: Map<Address, bigint>
}

const emptyRecord = (): ChainRecord => ({ sent: [], received: 0n, depositedByOthers: 0n, taken: new Map() })

/** Reads every block and every receipt that concerns one of `brokers`. */
export async function readChain({ publicClient, contracts }: Devnet, brokers: readonly Address[]) {
  const records = new Map(brokers.map((broker) => [broker.toLowerCase(), emptyRecord()]))
  const recordOf = (address: Address | null | undefined) => records.get(address?.toLowerCase() ?? '')
  const newest = await publicClient.getBlockNumber()
  type Transaction = Awaited<ReturnType<typeof readBlock>>['transactions'][number]

  const readBlock = (blockNumber: bigint) => publicClient.getBlock({ blockNumber, includeTransactions: true })

  async function note(transaction: Transaction): Promise<void> {
    const { from, to, value, input, hash, nonce } = transaction
    const own = recordOf(from)
    const isToLedger = to !== null && isAddressEqual(to, contracts.ledger)
    const isToInference = to !== null && isAddressEqual(to, contracts.inference)
    if (!own && !recordOf(to) && !isToLedger && !isToInference) return
    const receipt = await publicClient.getTransactionReceipt({ hash })
    const succeeded = receipt.status === 'success'
    if (own) {
      const { gasUsed, effectiveGasPrice } = receipt
      own.sent.push({ hash, nonce, succeeded, gasUsed, effectiveGasPrice, act: actOf(isToLedger, input, value) })
    }
    if (!succeeded) return
    const receiver = recordOf(to)
    if (receiver) receiver.received += value
    if (isToLedger && !own) noteForeign(input, value)
    if (isToInference) noteSettlement(from, input, receipt.logs)
  }

  function noteForeign(input: Hex, value: bigint): void {
    const call = decode(input)
    if (call?.functionName !== 'depositFundFor') return
    const record = recordOf(call.args[0])
    if (record) record.depositedByOthers += value
  }

  function noteSettlement(provider: Address, input: Hex, logs: Parameters<typeof parseEventLogs>[0]['logs']): void {
    const call = decodeFunctionData({ abi: inferenceAbi, data: input })
    if (call.functionName !== 'settleFeesWithTEE') return
    const results = parseEventLogs({ abi: inferenceAbi, eventName: 'TEESettlementResult', logs })
    for (const { user, totalFee, provider: payee } of call.args[0]) {
      const result = results.find(({ args }) => isAddressEqual(args.user, user))
      const record = recordOf(user)
      // 0 and 1: paid in full and paid in part.
      if (!record || !result || result.args.status > 1 || !isAddressEqual(provider, payee)) continue
      record.taken.set(payee, (record.taken.get(payee) ?? 0n) + totalFee - result.args.unsettledAmount)
    }
  }

  for (let first = 0n; first <= newest; first += 50n) {
    const numbers = Array.from({ length: 50 }, (_, index) => first + BigInt(index)).filter((number) => number <= newest)
    const blocks = await Promise.all(numbers.map(readBlock))
    await Promise.all(blocks.flatMap(({ transactions }) => transactions.map(note)))
  }
  for (const { sent } of records.values()) sent.sort((a, b) => a.nonce - b.nonce)
  return (broker: Address): ChainRecord => recordOf(broker) ?? emptyRecord()
}

function decode(input: Hex) {
  try {
    return decodeFunctionData({ abi: ledgerAbi, data: input })
  } catch {
    return undefined
  }
}

function actOf(isToLedger: boolean, input: Hex, value: bigint): Sent['act'] {
  const call = isToLedger ? decode(input) : undefined
  if (call?.functionName === 'depositFund') return { kind: 'deposit', amount: value }
  if (call?.functionName === 'transferFund') return { kind: 'transfer', provider: call.args[0], amount: call.args[2] }
  return { kind: 'other' }
}
