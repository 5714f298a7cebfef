import { inferenceAbi } from '@dreamscape/devnet/contracts/abi'
import {
  type Address,
  decodeFunctionData,
  getAddress,
  type Hex,
  isAddressEqual,
  type Log,
  parseAbi,
  parseEventLogs,
} from 'viem'

const ledgerAbi = parseAbi([
  'function depositFund() payable',
  'function depositFundFor(address recipient) payable',
  'function transferFund(address provider, string serviceName, uint256 amount)',
  'function retrieveFund(address[] providers, string serviceName)',
  'function refund(uint256 amount)',
])

export const balanceUpdatedAbi = parseAbi([
  'event BalanceUpdated(address indexed user, address indexed provider, uint256 amount, uint256 pendingRefund)',
])

/** What a broker address asked the chain to do, read from the transaction alone. `transfer`: a restore is the same call. */
export type Act =
  | { kind: 'deposit'; amount: bigint }
  | { kind: 'transfer'; provider: Address; amount: bigint }
  | { kind: 'retrieve'; providers: Address[] }
  | { kind: 'refund'; amount: bigint }
  /** Money to anybody: whoever that is. */
  | { kind: 'payout'; to: Address; amount: bigint }
  | { kind: 'other' }

type Sending = { to: Address | null; input: Hex; value: bigint; ledger: Address }

export function actOf({ to, input, value, ledger }: Sending): Act {
  if (!to) return { kind: 'other' }
  if (!isAddressEqual(to, ledger))
    return input === '0x' ? { kind: 'payout', to: getAddress(to), amount: value } : { kind: 'other' }
  const call = decodeLedgerCall(input)
  switch (call?.functionName) {
    case 'depositFund':
      return { kind: 'deposit', amount: value }
    case 'transferFund':
      return { kind: 'transfer', provider: call.args[0], amount: call.args[2] }
    case 'retrieveFund':
      return { kind: 'retrieve', providers: [...call.args[0]] }
    case 'refund':
      return { kind: 'refund', amount: call.args[0] }
    default:
      return { kind: 'other' }
  }
}

/** A deposit into somebody else's ledger. */
export function foreignDepositOf({ to, input, value, ledger }: Sending) {
  const call = to && isAddressEqual(to, ledger) ? decodeLedgerCall(input) : undefined
  return call?.functionName === 'depositFundFor' ? { recipient: call.args[0], amount: value } : undefined
}

/** What a provider took from whom, if that is what the transaction is for. */
export function settlementsOf(sending: {
  from: Address
  to: Address | null
  input: Hex
  logs: Log[]
  inference: Address
}): { user: Address; provider: Address; paid: bigint }[] {
  const { from, to, input, logs, inference } = sending
  if (!to || !isAddressEqual(to, inference)) return []
  const call = decodeFunctionData({ abi: inferenceAbi, data: input })
  if (call.functionName !== 'settleFeesWithTEE') return []
  const results = parseEventLogs({ abi: inferenceAbi, eventName: 'TEESettlementResult', logs })
  return call.args[0].flatMap(({ user, totalFee, provider }) => {
    const result = results.find(({ args }) => isAddressEqual(args.user, user))
    // 0 and 1: paid in full and paid in part.
    if (!result || result.args.status > 1 || !isAddressEqual(from, provider)) return []
    return [{ user, provider: getAddress(provider), paid: totalFee - result.args.unsettledAmount }]
  })
}

function decodeLedgerCall(input: Hex) {
  try {
    return decodeFunctionData({ abi: ledgerAbi, data: input })
  } catch {
    return undefined
  }
}
