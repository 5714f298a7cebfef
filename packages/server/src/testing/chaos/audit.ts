import type { Devnet } from '@dreamscape/devnet/devnet'
import { formatOg } from '@dreamscape/protocol/money'
import type { Db } from '../../database/connect.ts'
import { least, sum } from '../../platform/neuron.ts'
import { readChainBooks } from '../chain-books.ts'
import { checkBills, checkConservation, checkHoldings, checkJournal } from './audit-money.ts'
import { checkAnalyses, checkAnswers, checkDeposits, checkEnded } from './audit-requests.ts'
import { checkWithdrawals } from './audit-withdrawals.ts'
import { booksOf, readBooks } from './books.ts'
import type { Answer, Call } from './calls.ts'
import { readChain } from './chain-record.ts'
import type { Dreamer } from './dreamer.ts'
import { claimOf, type Evidence, type Violation } from './evidence.ts'

const checks = [
  checkConservation,
  checkJournal,
  checkHoldings,
  checkBills,
  checkDeposits,
  checkAnalyses,
  checkWithdrawals,
  checkEnded,
  checkAnswers,
]

/** Compares, per user and to the neuron, the chain, the books, the providers' bills and the answers that were given. */
export async function audit(options: {
  devnet: Devnet
  db: Db
  dreamers: readonly Dreamer[]
  calls: readonly Call[]
  /** How many answers in no form were ordered. */
  shapelessAnswers: number
}) {
  const { devnet, db, dreamers, calls, shapelessAnswers } = options
  const violations: Violation[] = []
  const recordOf = await readChain(
    devnet,
    dreamers.map(({ brokerAddress }) => brokerAddress),
  )
  const books = await readBooks(db)
  for (const dreamer of dreamers) {
    const { index, address, brokerAddress } = dreamer
    const evidence: Evidence = {
      dreamer,
      record: recordOf(brokerAddress),
      chain: await readChainBooks(devnet, brokerAddress),
      books: booksOf(books, address),
      calls: calls.filter(({ user }) => user === address),
      devnet,
    }
    const user = `${index} ${address} (broker ${brokerAddress})`
    for (const check of checks) await check(evidence, (name, detail) => violations.push({ check: name, user, detail }))
  }
  for (const { address, model, requests } of devnet.providers) {
    const holds = books.reservations.filter(({ provider }) => provider === address).length
    // Each answer in no form may have been sent back once, under its own reservation.
    if (requests.chat <= holds + shapelessAnswers) continue
    violations.push({
      check: 'once',
      user: model,
      detail: `${requests.chat} requests were sent under ${holds} reservations, with at most ${shapelessAnswers} repairs`,
    })
  }
  return violations
}

/** What a balance that is told should say: a provider can take no more than is locked for it. */
export async function checkBalance(
  { devnet, dreamer }: { devnet: Devnet; dreamer: Dreamer },
  answer: Pick<Answer, 'status' | 'text'>,
): Promise<Violation[]> {
  const { total, locks } = await readChainBooks(devnet, dreamer.brokerAddress)
  const unsettled = sum([...locks].map(([provider, lock]) => least(claimOf({ devnet, dreamer }, provider), lock)))
  const told = answer.status === 200 ? (JSON.parse(answer.text) as { balance: string; reserved: string }) : undefined
  if (told?.balance === String(total - unsettled) && told.reserved === '0') return []
  const detail = `told ${told?.balance} (${answer.status}), reserved ${told?.reserved}; it is ${total - unsettled} = ${formatOg(total)} OG − ${unsettled}`
  return [{ check: 'balance', user: `${dreamer.index} ${dreamer.address}`, detail }]
}
