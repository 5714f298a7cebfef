import { formatOg, parseOg } from '@dreamscape/protocol/money'
import { sum } from '../../platform/neuron.ts'
import type { Call } from './calls.ts'
import type { Sent } from './chain-record.ts'
import type { Complain, Evidence } from './evidence.ts'

type Withdrawal = Evidence['books']['withdrawals'][number]

/** As the wire tells it. */
type Told = { amount: string; state: string; paid: string | null; txHash: string | null }

/** Gas of a payment to a plain account: nobody can take out what would not pay for it. */
const paymentGas = 21_000n

/** What was signed for is paid out once, to the user's own address, as it was answered; nothing else leaves. */
export async function checkWithdrawals(evidence: Evidence, complain: Complain): Promise<void> {
  const { record, books, calls, dreamer } = evidence
  const signed = calls.filter(({ kind }) => kind === 'withdraw')
  for (const { hash, act } of record.sent) {
    if (act.kind === 'other') complain('payout', `${hash} is nothing that a broker account may do`)
    if (act.kind === 'payout' && act.to !== dreamer.address) complain('payout', `${hash} paid ${act.to}`)
  }
  const paid = record.sent.filter(({ succeeded, act }) => succeeded && act.kind === 'payout')
  const done = books.withdrawals.filter(({ state }) => state === 'done')
  if (paid.length !== done.length) complain('payout', `${done.length} withdrawals are done, ${paid.length} were paid`)
  for (const withdrawal of books.withdrawals) {
    const call = signed.find(({ digest }) => digest === withdrawal.digest)
    if (!call) complain('payout', `withdrawal ${withdrawal.id} was opened, and nobody signed for it`)
    else checkAsked(withdrawal, call, complain)
    checkAlone(withdrawal, evidence, complain)
    await checkPaid(withdrawal, evidence, complain)
  }
  for (const call of signed) checkAnswer(call, evidence, complain)
}

function checkAsked({ id, amount }: Withdrawal, { body, answers }: Call, complain: Complain): void {
  const asked = body.amount === 'all' ? null : parseOg(body.amount ?? '')
  if (amount !== asked) complain('payout', `withdrawal ${id} is over ${amount}, signed was ${body.amount}`)
  const last = answers.at(-1)
  if (last && last.status >= 400 && last.status < 500) {
    complain('payout', `withdrawal ${id} was opened and in the end refused with ${last.status} ${last.code}`)
  }
}

/** While one is under way nothing else is sent. */
function checkAlone({ id }: Withdrawal, { books }: Evidence, complain: Complain): void {
  const nonces = books.transactions.filter((row) => row.withdrawal_id === id).map(({ nonce }) => nonce)
  const first = Math.min(...nonces)
  const last = Math.max(...nonces)
  for (const { nonce, kind, withdrawal_id: of } of books.transactions) {
    if (of !== id && nonce > first && nonce < last) {
      complain('payout', `a ${kind} (nonce ${nonce}) was sent in the middle of withdrawal ${id}`)
    }
  }
}

async function checkPaid(withdrawal: Withdrawal, evidence: Evidence, complain: Complain): Promise<void> {
  const { id, amount, state } = withdrawal
  const { books } = evidence
  const payouts = payoutsOf(withdrawal, evidence)
  if (payouts.length !== (state === 'done' ? 1 : 0)) {
    complain('payout', `withdrawal ${id} is ${state} and was paid ${payouts.length} times`)
  }
  const isOut = (kind: string) => kind === 'refund' || kind === 'payout'
  const out = books.transactions.filter(
    (row) => row.withdrawal_id === id && isOut(row.kind) && row.state === 'confirmed',
  )
  if (state === 'cancelled' && out.length > 0) complain('payout', `withdrawal ${id} is cancelled, and money has left`)
  for (const payout of payouts) {
    const paid = payout.act.kind === 'payout' ? payout.act.amount : 0n
    if (amount !== null && paid > amount) complain('payout', `withdrawal ${id} is over ${amount} and paid ${paid}`)
    if (amount !== null && paid >= amount) continue
    const left = await leftAfter(payout, evidence)
    if (left < paymentGas * payout.effectiveGasPrice) continue
    complain('payout', `withdrawal ${id} over ${amount ?? 'all'} paid ${paid} and left ${left} at the broker address`)
  }
}

function payoutsOf({ id }: Withdrawal, { books, record }: Evidence): Sent[] {
  const rows = books.transactions.filter((row) => row.withdrawal_id === id && row.kind === 'payout')
  return record.sent.filter(({ hash, succeeded }) => succeeded && rows.some((row) => row.hash === hash))
}

/** What the broker address held after it had paid, but for what may have come too late to be seen. */
async function leftAfter(payout: Sent, { record, devnet, dreamer }: Evidence): Promise<bigint> {
  const { blockNumber } = payout
  const left = await devnet.publicClient.getBalance({ address: dreamer.brokerAddress, blockNumber })
  const before = record.sent.findLast(({ nonce }) => nonce < payout.nonce)?.blockNumber ?? 0n
  const late = record.received.filter((income) => income.blockNumber >= before && income.blockNumber <= blockNumber)
  return left - sum(late.map(({ amount }) => amount))
}

/** What was answered in the end is what happened. */
function checkAnswer({ digest, answers }: Call, evidence: Evidence, complain: Complain): void {
  const answer = answers.findLast(({ status }) => status === 200)
  if (!answer) return
  const told = (JSON.parse(answer.text) as { withdrawal: Told }).withdrawal
  const withdrawal = evidence.books.withdrawals.find((row) => row.digest === digest)
  const payout = withdrawal && payoutsOf(withdrawal, evidence)[0]
  const paid = payout?.act.kind === 'payout' ? formatOg(payout.act.amount) : null
  const isSo = told.state === withdrawal?.state && told.paid === paid && told.txHash === (payout?.hash ?? null)
  if (isSo) return
  complain(
    'payout',
    `Withdraw ${digest} was told ${told.state}, ${told.paid} in ${told.txHash}; it is ${withdrawal?.state}, ${paid} in ${payout?.hash}`,
  )
}
