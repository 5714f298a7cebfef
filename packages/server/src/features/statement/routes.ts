import { address, messages } from '@dreamscape/protocol/identity'
import { formatOg } from '@dreamscape/protocol/money'
import { type StatementEntry, statementQuery, statementResponse } from '@dreamscape/protocol/statement'
import { z } from 'zod'
import { type Route, route } from '../../http/route.ts'
import { assertNever } from '../../platform/errors.ts'
import { toWithdrawal } from '../withdrawals/to-withdrawal.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import type { Entry, StatementService } from './service.ts'

export function statementRoutes({ statements }: { statements: StatementService }): Route[] {
  return [
    route({
      operationId: 'listTransactions',
      method: 'get',
      path: '/api/broker/transactions/{address}',
      summary: 'Lists what moved or holds your money, newest first',
      tag: 'broker',
      auth: { message: messages.transactions, from: 'headers', use: 'read' },
      params: z.object({ address }),
      query: statementQuery,
      response: statementResponse,
      problems: [],
      handler: async ({ query: { cursor, limit }, principal }) => {
        const before = cursor === undefined ? undefined : decodeCursor(cursor)
        const { entries, next, openingCharges } = await statements.listPage({ user: principal.address, before, limit })
        return {
          entries: entries.map(toEntry),
          nextCursor: next ? encodeCursor(next) : null,
          openingCharges: formatOg(openingCharges),
        }
      },
    }),
  ]
}

type ReservationEntry = Extract<Entry, { source: 'reservation' }>
type AdjustmentEntry = Extract<Entry, { source: 'adjustment' }>
type TransactionEntry = Extract<Entry, { source: 'transaction' }>

function toEntry(entry: Entry): StatementEntry {
  switch (entry.source) {
    case 'reservation':
      return toRequest(entry)
    case 'adjustment':
      return toAdjustment(entry)
    case 'withdrawal':
      return { kind: 'withdrawal', at: entry.created_at.toISOString(), ...toWithdrawal(entry) }
    case 'transaction':
      return toTransaction(entry)
    default:
      return assertNever(entry)
  }
}

/** A reservation holds its amount until its cost is known. */
function toRequest(entry: ReservationEntry): StatementEntry {
  const { id, request_id: requestId, model, provider, amount, state, cost } = entry
  const request = { id, at: entry.created_at.toISOString(), requestId, model, provider }
  if (cost === null) {
    return { kind: 'hold', ...request, amount: formatOg(amount), state: state === 'held' ? 'held' : 'unknown' }
  }
  return {
    kind: 'charge',
    ...request,
    cost: formatOg(cost),
    inputTokens: entry.input_tokens,
    outputTokens: entry.output_tokens,
    verification: entry.verification,
  }
}

function toAdjustment({ id, provider, amount, reason, created_at: at }: AdjustmentEntry): StatementEntry {
  const entry = { id: `adjustment-${id}`, at: at.toISOString(), provider }
  return reason === 'waived'
    ? { kind: 'waived', ...entry, amount: formatOg(-amount) }
    : { kind: 'adjustment', ...entry, amount: formatOg(amount) }
}

function toTransaction(entry: TransactionEntry): StatementEntry {
  const { nonce, kind, provider, providers, amount, state, hash: txHash } = entry
  const sent = {
    // The hash is not the same for good: a transaction that is too cheap is sent again for more.
    id: `transaction-${nonce}`,
    at: entry.created_at.toISOString(),
    state: state === 'confirmed' || state === 'failed' ? state : ('pending' as const),
    txHash,
    gas: gasOf(entry),
  }
  const transaction = { ...sent, amount: formatOg(amount) }
  switch (kind) {
    case 'deposit':
    case 'refund':
    case 'payout':
      return { kind, ...transaction }
    case 'transfer':
    case 'restore':
      if (!provider) throw new Error(`A ${kind} without a provider stands in the journal`)
      return { kind, ...transaction, provider }
    case 'retrieve':
      return { kind, ...sent, providers }
    default:
      return assertNever(kind)
  }
}

function gasOf({ gas_used: used, effective_gas_price: price }: TransactionEntry): string | null {
  return used === null || price === null ? null : formatOg(used * price)
}
