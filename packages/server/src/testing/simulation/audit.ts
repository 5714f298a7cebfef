import { sum } from '../../platform/neuron.ts'
import { checkWithdrawals } from './audit-withdrawals.ts'
import { type Complain, type Evidence, isDone, isSent, type Sent, type Violation } from './evidence.ts'
import { repairName } from './provider.ts'

type Tables = Evidence['tables']

/** Compares, to the neuron, what the chain did with what the books say, what was asked, and what was answered. */
export function audit(evidence: Evidence): Violation[] {
  const violations: Violation[] = []
  const complain: Complain = (check, detail) => void violations.push({ check, detail })
  const sent = evidence.chain.books.listMined(evidence.broker).filter(isSent)
  checkJournal(evidence, sent, complain)
  checkOrders(evidence, sent, complain)
  checkWithdrawals(evidence, sent, complain)
  checkBooks(evidence, complain)
  return violations
}

/** Every transaction of the chain stands in the journal as it is, and the other way round. */
function checkJournal({ tables }: Evidence, sent: readonly Sent[], complain: Complain): void {
  const entries = new Map(tables.chain_transaction.map((entry) => [entry.hash, entry]))
  for (const { transaction, succeeded } of sent) {
    const { hash, intent, nonce } = transaction
    const entry = entries.get(hash)
    const isSame =
      entry?.kind === intent.kind &&
      entry.nonce === nonce &&
      entry.state === (succeeded ? 'confirmed' : 'failed') &&
      entry.amount === ('amount' in intent ? intent.amount : 0n) &&
      entry.provider === ('provider' in intent ? intent.provider : null)
    if (!isSame) {
      complain(
        'books',
        `${intent.kind} of nonce ${nonce} was mined (${succeeded}) and is ${entry?.state} in the journal`,
      )
    }
    entries.delete(hash)
  }
  for (const { kind, nonce, state } of entries.values()) {
    if (state === 'confirmed')
      complain('lost', `${kind} of nonce ${nonce} is confirmed in the journal and not on chain`)
  }
}

/** Each signed order had its effect once, or not at all. */
function checkOrders({ tables, orders, provider }: Evidence, sent: readonly Sent[], complain: Complain): void {
  const claimed = tables.deposit.filter(({ transaction_id: id }) =>
    tables.chain_transaction.some((entry) => entry.id === id && entry.state === 'confirmed'),
  )
  const rests = tables.chain_transaction.filter(
    ({ kind, state, withdrawal_id: id }) => kind === 'deposit' && state === 'confirmed' && id !== null,
  )
  const mined = sent.filter((item) => isDone(item, 'deposit')).length
  const wanted = new Set(claimed.map(({ digest }) => digest)).size + rests.length
  if (mined > wanted) complain('double', `${mined} deposits were mined for ${wanted} orders`)
  if (mined < wanted) complain('lost', `${mined} deposits were mined for ${wanted} orders`)

  for (const { kind, index, principal, answers, amount } of orders) {
    const name = `${kind} ${index}`
    if (!answers.some(({ state }) => state === 'done' || state === 'refused'))
      complain('stuck', `${name} has no answer`)
    const isSaid = answers.some(({ state }) => state === 'done')
    if (kind === 'deposit' && isSaid && depositedBy(tables, principal.digest) !== amount) {
      complain('lost', `${name} of ${amount} was answered as done and is not in the journal as that`)
    }
    if (kind === 'withdraw' && isSaid && !isEnded(tables, principal.digest)) {
      complain('lost', `${name} was answered as done and has not ended`)
    }
    if (kind !== 'analyze') continue
    const times = provider.answers().get(String(index)) ?? 0
    const paid = tables.reservation.filter(({ digest, state }) => digest === principal.digest && state !== 'released')
    const repairs = provider.answers().get(String(repairName(index))) ?? 0
    if (times > 1) complain('double', `${name} was sent to the provider and billed ${times} times`)
    if (repairs > 1) complain('double', `the repair of ${name} was sent to the provider and billed ${repairs} times`)
    if (paid.length > 1) complain('double', `${name} holds ${paid.length} reservations`)
    if (isSaid && paid[0]?.state !== 'charged') complain('lost', `${name} was answered and is ${paid[0]?.state}`)
  }
}

/** The books of the account and its sub-account say what the chain and the provider's bill say. */
function checkBooks(evidence: Evidence, complain: Complain): void {
  const { tables, chain, provider, providerAddress, broker, inflows } = evidence
  const hasGift = inflows.some(({ to }) => to === 'ledger')
  const { ledger } = chain.books.holdingOf(broker)
  const [row] = tables.ledger
  // Nobody tells the books what a stranger deposits.
  if (row && !hasGift && row.available !== (ledger?.available ?? 0n)) {
    complain('books', `the ledger holds ${ledger?.available ?? 0n} and the books say ${row.available}`)
  }
  const [book] = tables.sub_account
  const balance = ledger?.subAccounts.find((item) => item.provider === providerAddress)?.balance ?? 0n
  const taken = chain.books.takenBy(providerAddress, broker)
  if (!book) {
    if (balance + taken > 0n) complain('books', `${balance} is locked and the books do not know`)
    return
  }
  if (book.deposited !== balance + taken) {
    complain('books', `${balance} is locked, ${taken} was taken, and the books say ${book.deposited} went in`)
  }
  if (book.reserved !== 0n) complain('stuck', `${book.reserved} is still reserved`)
  const billed = provider.billedTo(broker)
  if (book.charged > billed) complain('books', `${billed} was billed and ${book.charged} is charged`)
  const due = balance === 0n ? taken : billed
  // What was given up with an emptied sub-account is believed when its provider is next looked at: after the next charge.
  // What the chain has paid is never given up.
  const isLookedAtLater = book.charged === book.checked && balance > 0n && taken <= book.charged
  const isGivenUp = isLookedAtLater && billed > book.charged && billed - book.charged <= book.slack
  if (book.charged !== due && !isGivenUp) {
    complain('books', `${book.charged} is charged; ${billed} was billed, ${taken} taken, ${balance} is locked`)
  }
  const costs =
    sum(tables.reservation.map(({ cost }) => cost ?? 0n)) + sum(tables.adjustment.map(({ amount }) => amount))
  if (costs + book.opening !== book.charged)
    complain('books', `costs and adjustments are ${costs}, charged is ${book.charged}`)
}

function depositedBy(tables: Tables, digest: string): bigint | undefined {
  const id = tables.deposit.find((claim) => claim.digest === digest)?.transaction_id
  return tables.chain_transaction.find((entry) => entry.id === id && entry.state === 'confirmed')?.amount
}

function isEnded(tables: Tables, digest: string): boolean {
  const withdrawal = tables.withdrawal.find((row) => row.digest === digest)
  return withdrawal !== undefined && withdrawal.state !== 'open' && withdrawal.state !== 'cancelling'
}
