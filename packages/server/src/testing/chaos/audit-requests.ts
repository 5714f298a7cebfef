import { parseOg } from '@dreamscape/protocol/money'
import type { Complain, Evidence } from './evidence.ts'

/** Every Fund request that was answered as done is one deposit, and there are no others. */
export function checkDeposits({ record, books, calls }: Evidence, complain: Complain): void {
  const mined = record.sent.filter((sent) => sent.succeeded && sent.act.kind === 'deposit')
  const putBack = books.transactions.filter((row) => isPutBack(row) && row.state === 'confirmed')
  const claims = new Map(
    books.deposits.map(({ digest, transaction_id }) => [
      digest,
      books.transactions.find(({ id, state }) => id === transaction_id && state === 'confirmed'),
    ]),
  )
  const done = calls.filter(({ kind, answers }) => kind === 'fund' && answers.some(({ status }) => status === 200))
  const hashes = new Set<string>()
  for (const { digest, body, answers } of done) {
    const claim = claims.get(digest)
    for (const { status, text } of answers) {
      if (status === 200) hashes.add((JSON.parse(text) as { txHash: string }).txHash)
    }
    if (!claim || claim.amount !== parseOg(body.amount ?? '')) {
      complain('once', `Fund ${body.amount} was answered as done and stands as ${claim?.amount} in the journal`)
    } else if (!hashes.has(claim.hash))
      complain('once', `Fund ${body.amount} named another transaction than ${claim.hash}`)
  }
  const signed = new Set([...claims].flatMap(([digest, claim]) => (claim ? [digest] : [])))
  for (const { digest } of done) signed.add(digest)
  if (hashes.size !== done.length || mined.length - putBack.length !== signed.size) {
    complain(
      'once',
      `${mined.length} deposits were mined for ${signed.size} Fund requests, ${done.length} answered as done, and ${putBack.length} withdrawals`,
    )
  }
}

/** What had to leave the ledger with a withdrawal and was not part of it. */
function isPutBack({ kind, withdrawal_id: id }: Evidence['books']['transactions'][number]): boolean {
  return kind === 'deposit' && id !== null
}

/** Every analysis was paid once, as it was answered. */
export function checkAnalyses({ books, calls }: Evidence, complain: Complain): void {
  for (const { kind, digest, answers } of calls) {
    if (kind !== 'analyze') continue
    const paid = books.reservations.filter((row) => row.digest === digest && row.state !== 'released')
    if (paid.length > 1) complain('once', `Analyze ${digest} holds ${paid.length} reservations`)
    const done = answers.find(({ status }) => status === 200)
    if (!done) continue
    const { cost } = JSON.parse(done.text) as { cost: string }
    if (paid[0]?.state !== 'charged' || paid[0].cost !== parseOg(cost)) {
      complain('once', `Analyze ${digest} was answered for ${cost} OG and is ${paid[0]?.state} for ${paid[0]?.cost}`)
    }
  }
}

/** Nothing is under way any more. */
export function checkEnded({ books }: Evidence, complain: Complain): void {
  const open = [
    ...books.transactions.filter(({ state }) => state !== 'confirmed' && state !== 'failed'),
    ...books.reservations.filter(({ state }) => state === 'held' || state === 'unknown'),
    ...books.requests.filter(({ state }) => state === 'running'),
    ...books.withdrawals.filter(({ state }) => state === 'open' || state === 'cancelling'),
  ]
  for (const row of open)
    complain('stuck', `${'kind' in row ? row.kind : 'digest' in row ? row.digest : ''} is ${row.state}`)
}

/** Every request has one final answer, however often it was asked. */
export function checkAnswers({ calls }: Evidence, complain: Complain): void {
  for (const { kind, digest, answers } of calls) {
    const good = new Set(answers.flatMap(({ status, text }) => (status === 200 ? [text] : [])))
    const last = answers.at(-1)
    if (good.size > 1)
      complain('answers', `${kind} ${digest} was answered with 200 in ${good.size} ways: ${[...good].join(' | ')}`)
    if (good.size > 0 && last?.status !== 200) {
      complain('answers', `${kind} ${digest} was answered with 200 before and now with ${last?.status} ${last?.code}`)
    }
    for (const { code } of answers)
      if (code === 'internal') complain('answers', `${kind} ${digest} was answered with 500 internal`)
    if (last && (last.status === 0 || last.status === 202 || last.status === 503)) {
      complain('stuck', `${kind} ${digest} is still answered with ${last.status} ${last.code}`)
    }
  }
}
