import type { Devnet } from '@dreamscape/devnet/devnet'
import { formatOg, parseOg } from '@dreamscape/protocol/money'
import type { Db } from '../../database/connect.ts'
import { sum } from '../../platform/neuron.ts'
import { readChainBooks } from '../chain-books.ts'
import { booksOf, readBooks, type UserBooks } from './books.ts'
import type { Call } from './calls.ts'
import { type ChainRecord, readChain, type Sent } from './chain-record.ts'
import type { Dreamer } from './life.ts'
import { falseUsage } from './weather.ts'

export type Violation = { check: string; user: string; detail: string }

type ChainBooks = Awaited<ReturnType<typeof readChainBooks>>
type Evidence = {
  record: ChainRecord
  chain: ChainBooks
  books: UserBooks
  calls: Call[]
  devnet: Devnet
  broker: string
}
type Complain = (check: string, detail: string) => void

/** Compares, per user and to the neuron, the chain, the books, the providers' bills and the answers that were given. */
export async function audit(options: { devnet: Devnet; db: Db; dreamers: readonly Dreamer[]; calls: readonly Call[] }) {
  const { devnet, db, dreamers, calls } = options
  const violations: Violation[] = []
  const recordOf = await readChain(
    devnet,
    dreamers.map(({ brokerAddress }) => brokerAddress),
  )
  const books = await readBooks(db)
  for (const { index, address, brokerAddress } of dreamers) {
    const evidence: Evidence = {
      record: recordOf(brokerAddress),
      chain: await readChainBooks(devnet, brokerAddress),
      books: booksOf(books, address),
      calls: calls.filter(({ user }) => user === address),
      devnet,
      broker: brokerAddress,
    }
    const complain: Complain = (check, detail) =>
      violations.push({ check, user: `${index} ${address} (broker ${brokerAddress})`, detail })
    checkConservation(evidence, complain)
    checkJournal(evidence, complain)
    checkDeposits(evidence, complain)
    checkAnalyses(evidence, complain)
    checkBills(evidence, complain)
    checkEnded(evidence, complain)
    checkAnswers(evidence, complain)
  }
  for (const { address, model, requests } of devnet.providers) {
    const holds = books.reservations.filter(({ provider }) => provider === address).length
    if (requests.chat <= holds) continue
    violations.push({
      check: 'once',
      user: model,
      detail: `${requests.chat} requests were sent under ${holds} reservations`,
    })
  }
  return violations
}

const amountOf = (sent: Sent, kind: Sent['act']['kind']) =>
  sent.succeeded && sent.act.kind === kind && 'amount' in sent.act ? sent.act.amount : 0n

function checkConservation({ record, chain }: Evidence, complain: Complain): void {
  const locked = sum([...chain.locks.values()])
  const gas = sum(record.sent.map(({ gasUsed, effectiveGasPrice }) => gasUsed * effectiveGasPrice))
  const taken = sum([...record.taken.values()])
  const paidIn = record.received + record.depositedByOthers
  const there = chain.available + locked + chain.wallet + gas + taken
  if (paidIn === there) return
  const parts = `available ${chain.available} + locked ${locked} + wallet ${chain.wallet} + gas ${gas} + taken ${taken}`
  complain('conservation', `paid in ${paidIn}, found ${there} = ${parts}`)
}

function checkJournal({ record, chain, books }: Evidence, complain: Complain): void {
  const rows = new Map(books.transactions.map((row) => [row.nonce, row]))
  for (const sent of record.sent) {
    const row = rows.get(sent.nonce)
    if (row?.hash !== sent.hash) {
      complain(
        'journal',
        `nonce ${sent.nonce} was mined as ${sent.hash} (${sent.act.kind}), the journal has ${row?.hash}`,
      )
      continue
    }
    const isSame =
      row.state === (sent.succeeded ? 'confirmed' : 'failed') &&
      row.gas_used === sent.gasUsed &&
      row.effective_gas_price === sent.effectiveGasPrice &&
      row.kind === sent.act.kind &&
      row.amount === ('amount' in sent.act ? sent.act.amount : undefined)
    if (!isSame)
      complain('journal', `nonce ${sent.nonce} is ${row.state} in the journal and different on chain: ${sent.hash}`)
  }
  const mined = new Set(record.sent.map(({ hash }) => hash))
  for (const { nonce, state, hash } of books.transactions) {
    if ((state === 'confirmed' || state === 'failed') && !mined.has(hash)) {
      complain('journal', `nonce ${nonce} is ${state} in the journal and was never mined: ${hash}`)
    }
  }
  const confirmed = (kind: 'deposit' | 'transfer') =>
    sum(books.transactions.flatMap((row) => (row.kind === kind && row.state === 'confirmed' ? [row.amount] : [])))
  const available = confirmed('deposit') + record.depositedByOthers - confirmed('transfer')
  if (available !== chain.available) {
    complain('journal', `deposits − transfers = ${available}, the ledger has ${chain.available} available`)
  }
  for (const [provider, lock] of chain.locks) {
    const moved = sum(
      record.sent.map((sent) =>
        'provider' in sent.act && sent.act.provider === provider ? amountOf(sent, 'transfer') : 0n,
      ),
    )
    const book = books.subAccounts.find((row) => row.provider === provider)
    const taken = record.taken.get(provider) ?? 0n
    if (book?.deposited !== moved || moved - taken !== lock) {
      complain('journal', `${provider} got ${moved}, took ${taken} and holds ${lock}; the books say ${book?.deposited}`)
    }
  }
}

function checkDeposits({ record, books, calls }: Evidence, complain: Complain): void {
  const mined = record.sent.filter((sent) => sent.succeeded && sent.act.kind === 'deposit')
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
  if (hashes.size !== done.length || mined.length !== signed.size) {
    complain(
      'once',
      `${mined.length} deposits were mined for ${signed.size} Fund requests, ${done.length} answered as done`,
    )
  }
}

function checkAnalyses({ books, calls }: Evidence, complain: Complain): void {
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

function checkBills({ record, books, devnet, broker }: Evidence, complain: Complain): void {
  for (const { provider, charged, reserved } of books.subAccounts) {
    const at = <R extends { provider: string }>(rows: R[]) => rows.filter((row) => row.provider === provider)
    const unsettled =
      devnet.providers.find(({ address }) => address === provider)?.unsettledFee(broker as `0x${string}`) ?? 0n
    const billed = (record.taken.get(provider) ?? 0n) + unsettled
    if (charged !== billed) complain('bills', `${provider} bills ${billed} and ${charged} is charged`)
    if (reserved !== 0n) complain('bills', `${reserved} is still reserved at ${provider}`)
    const adjusted = sum(at(books.adjustments).map(({ amount }) => amount))
    const costs = sum(at(books.reservations).map(({ cost }) => cost ?? 0n))
    if (costs + adjusted !== charged) complain('bills', `costs ${costs} + adjustments ${adjusted} are not ${charged}`)
    const wasLiedTo = at(books.queries).some(({ input_tokens }) => input_tokens === falseUsage.prompt_tokens)
    if (adjusted !== 0n && !wasLiedTo) complain('bills', `${provider} bills ${adjusted} that no request explains`)
  }
}

function checkEnded({ books }: Evidence, complain: Complain): void {
  const open = [
    ...books.transactions.filter(({ state }) => state !== 'confirmed' && state !== 'failed'),
    ...books.reservations.filter(({ state }) => state === 'held' || state === 'unknown'),
    ...books.requests.filter(({ state }) => state === 'running'),
  ]
  for (const row of open)
    complain('stuck', `${'kind' in row ? row.kind : 'digest' in row ? row.digest : ''} is ${row.state}`)
}

function checkAnswers({ calls }: Evidence, complain: Complain): void {
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

/** What a balance that is told should say. */
export async function checkBalance(
  { devnet, dreamer }: { devnet: Devnet; dreamer: Dreamer },
  answer: { status: number; text: string },
): Promise<Violation[]> {
  const { total, unsettled } = await readChainBooks(devnet, dreamer.brokerAddress)
  const told = answer.status === 200 ? (JSON.parse(answer.text) as { balance: string; reserved: string }) : undefined
  if (told?.balance === String(total - unsettled) && told.reserved === '0') return []
  const detail = `told ${told?.balance} (${answer.status}), reserved ${told?.reserved}; it is ${total - unsettled} = ${formatOg(total)} OG − ${unsettled}`
  return [{ check: 'balance', user: `${dreamer.index} ${dreamer.address}`, detail }]
}
