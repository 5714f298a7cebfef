import { sum } from '../../platform/neuron.ts'
import type { Sent } from './chain-record.ts'
import { type Complain, claimOf, type Evidence, providersOf } from './evidence.ts'
import { falseUsage } from './weather.ts'

type Row = Evidence['books']['transactions'][number]

/** What was paid in is there, or was paid out, or was spent on gas and fees. */
export function checkConservation({ record, chain, dreamer }: Evidence, complain: Complain): void {
  const locked = sum([...chain.locks.values()])
  const gas = sum(record.sent.map(({ gasUsed, effectiveGasPrice }) => gasUsed * effectiveGasPrice))
  const taken = sum([...record.taken.values()])
  const payouts = record.sent.filter(({ succeeded, act }) => succeeded && act.kind === 'payout')
  const paidOut = sum(payouts.map(({ act }) => (act.kind === 'payout' && act.to === dreamer.address ? act.amount : 0n)))
  const paidIn = sum(record.received.map(({ amount }) => amount)) + record.depositedByOthers
  const there = chain.available + locked + chain.wallet + gas + taken + paidOut
  if (paidIn === there) return
  const parts = `available ${chain.available} + locked ${locked} + wallet ${chain.wallet} + gas ${gas} + taken ${taken} + paid out ${paidOut}`
  complain('conservation', `paid in ${paidIn}, found ${there} = ${parts}`)
}

/** The journal tells exactly the transactions that were mined. */
export function checkJournal({ record, books }: Evidence, complain: Complain): void {
  const rows = new Map(books.transactions.map((row) => [row.nonce, row]))
  for (const sent of record.sent) {
    const { hash, nonce, act } = sent
    const row = rows.get(nonce)
    if (row?.hash !== hash) {
      complain('journal', `nonce ${nonce} was mined as ${hash} (${act.kind}), the journal has ${row?.hash}`)
      continue
    }
    const asked = books.sightings.filter(({ transaction_id: id }) => id === row.id).map(({ provider }) => provider)
    if (!isSame(row, sent, asked)) {
      complain('journal', `nonce ${nonce} is ${row.state} in the journal and different on chain: ${hash}`)
    }
  }
  const mined = new Set(record.sent.map(({ hash }) => hash))
  for (const { nonce, state, hash } of books.transactions) {
    if ((state === 'confirmed' || state === 'failed') && !mined.has(hash)) {
      complain('journal', `nonce ${nonce} is ${state} in the journal and was never mined: ${hash}`)
    }
  }
}

function isSame(row: Row, { succeeded, gasUsed, effectiveGasPrice, act }: Sent, asked: readonly string[]): boolean {
  return (
    row.state === (succeeded ? 'confirmed' : 'failed') &&
    row.gas_used === gasUsed &&
    row.effective_gas_price === effectiveGasPrice &&
    (row.kind === 'restore' ? 'transfer' : row.kind) === act.kind &&
    row.amount === ('amount' in act ? act.amount : 0n) &&
    row.provider === ('provider' in act ? act.provider : null) &&
    (act.kind !== 'retrieve' || act.providers.join() === asked.toSorted().join())
  )
}

/** Ledger and sub-accounts hold what the transactions moved, and the books say the same. */
export function checkHoldings(evidence: Evidence, complain: Complain): void {
  const { record, chain, books } = evidence
  const confirmed = (kind: Row['kind']) =>
    sum(books.transactions.flatMap((row) => (row.kind === kind && row.state === 'confirmed' ? [row.amount] : [])))
  const movedIn = sum(record.sent.flatMap(({ moves }) => [...moves.values()]))
  const available = confirmed('deposit') + record.depositedByOthers - movedIn - confirmed('refund')
  if (available !== chain.available) {
    complain('journal', `deposits − moved − refunds = ${available}, the ledger has ${chain.available} available`)
  }
  for (const provider of providersOf(evidence)) {
    const moved = sum(record.sent.map(({ moves }) => moves.get(provider) ?? 0n))
    const book = books.subAccounts.find((row) => row.provider === provider)
    const taken = record.taken.get(provider) ?? 0n
    const lock = chain.locks.get(provider) ?? 0n
    if (book?.deposited !== moved || moved - taken !== lock) {
      complain('journal', `${provider} got ${moved}, took ${taken} and holds ${lock}; the books say ${book?.deposited}`)
    }
  }
}

/**
 * What is charged is what is billed. A provider whose sub-account was emptied may go on claiming what was waived, until it
 * is entrusted with money again.
 */
export function checkBills(evidence: Evidence, complain: Complain): void {
  const { record, chain, books } = evidence
  for (const { provider, charged, reserved, checked, slack } of books.subAccounts) {
    const at = <R extends { provider: string }>(rows: R[]) => rows.filter((row) => row.provider === provider)
    const taken = record.taken.get(provider) ?? 0n
    const claim = claimOf(evidence, provider)
    const isEmpty = (chain.locks.get(provider) ?? 0n) === 0n
    const billed = isEmpty ? taken : taken + claim
    // What was given up with an emptied sub-account is believed when its provider is next looked at: after the next charge.
    const isLookedAtLater = checked === charged && !isEmpty && taken <= charged
    const isGivenUp = isLookedAtLater && billed > charged && billed - charged <= slack
    if (charged !== billed && !isGivenUp) {
      complain(
        'bills',
        `${provider} took ${taken} and wants ${claim}, ${charged} is charged${isEmpty ? '; it is empty' : ''}`,
      )
    }
    if (reserved !== 0n) complain('bills', `${reserved} is still reserved at ${provider}`)
    const amounts = (reason: 'billed' | 'waived') =>
      sum(at(books.adjustments).flatMap((row) => (row.reason === reason ? [row.amount] : [])))
    const waived = -amounts('waived')
    // What was still unknown when the sub-account was emptied counts as costing nothing, and may be billed all the same.
    const forgotten = sum(
      at(books.reservations).flatMap(({ state, cost, amount }) => (state === 'charged' && cost === 0n ? [amount] : [])),
    )
    if (isEmpty && claim > waived + forgotten) {
      complain('bills', `${provider} wants ${claim}; only ${waived} was waived and ${forgotten} ended unknown`)
    }
    const adjusted = amounts('billed')
    const costs = sum(at(books.reservations).map(({ cost }) => cost ?? 0n))
    if (costs + adjusted - waived !== charged) {
      complain('bills', `costs ${costs} + adjustments ${adjusted} − waived ${waived} are not ${charged}`)
    }
    // What was told falsely of a repair stands in one row with what was told of the answer: what was held bounds it.
    const unspent = sum(
      at(books.reservations).map(({ state, cost, amount }) => (state === 'charged' ? amount - (cost ?? 0n) : 0n)),
    )
    const explained = waived + forgotten + (mayBeRepaired(evidence) ? unspent : 0n)
    const wasLiedTo = at(books.queries).some(({ input_tokens }) => input_tokens === falseUsage.prompt_tokens)
    if (!wasLiedTo && (adjusted < 0n || adjusted > explained)) {
      complain('bills', `${provider} bills ${adjusted} that no request explains`)
    }
  }
}

function mayBeRepaired({ calls }: Evidence): boolean {
  const isOfTwoCalls = ({ code, text }: { code: string; text: string }) =>
    code === 'analysis-unparseable' || text.includes('"repaired"')
  return calls.some(({ answers }) => answers.some(isOfTwoCalls))
}
