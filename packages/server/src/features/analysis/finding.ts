import type { Analysis, AnalyzeResponse, Verification } from '@dreamscape/protocol/analysis'
import type { Db } from '../../database/connect.ts'
import type { Reservation, Reservations } from '../broker/reservations.ts'
import type { Billed } from './billing.ts'
import type { Dispatched } from './dispatcher.ts'

export type AnalyzeResult = Omit<AnalyzeResponse, 'success'>

/** How much a verification says. */
export const strength: Record<Verification, number> = { none: 0, signer: 1, content: 2 }

/** What came of the calls for one dream. `second` is the repair; when that broke off, what it cost is unknown. */
export type Finding = { first: Dispatched; second?: Billed; analysis: Analysis | undefined; isUnknown?: true }

/** What a model said, and whether it had to stop. */
export function spoken({ answer }: Pick<Billed, 'answer'>): { content: string; isCut: boolean } {
  return { content: answer.content, isCut: answer.finishReason === 'length' }
}

/** What the calls for one dream come to. An answer that was repaired is verified as well as both calls are. */
export function totalOf({ first, second }: Finding) {
  const calls = second ? [first, second] : [first]
  const [weakest = first] = calls.toSorted(
    (a, b) => strength[a.verdict.verification] - strength[b.verdict.verification],
  )
  return {
    cost: calls.reduce((sum, call) => sum + call.cost, 0n),
    usage: {
      inputTokens: calls.reduce((sum, { usage }) => sum + usage.promptTokens, 0),
      outputTokens: calls.reduce((sum, { usage }) => sum + usage.completionTokens, 0),
    },
    verification: weakest.verdict.verification,
  }
}

/** The same with the bytes that its receipts hash. */
export function withBytes(result: AnalyzeResult, { first, second }: Finding): AnalyzeResult {
  const { receipt, repaired } = result
  return {
    ...result,
    receipt: receipt && { ...receipt, ...bytesOf(second ?? first) },
    ...(repaired && { repaired: { ...repaired, ...bytesOf(first) } }),
  }
}

function bytesOf({ plan, answer }: Billed) {
  return { request: toBase64(plan.body), response: toBase64(answer.responseBytes) }
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

/**
 * Charges what the calls cost. When the second one broke off, nobody knows that yet: all stays held until reconciliation books
 * what both are billed.
 */
export async function settle(
  reservations: Reservations,
  trx: Db,
  { reservation, cost, isUnknown }: { reservation: Reservation; cost: bigint; isUnknown: boolean },
): Promise<void> {
  if (isUnknown) await reservations.markUnknown(reservation, trx)
  else await reservations.charge(trx, reservation, cost)
}
