import type { Verification } from '@dreamscape/protocol/analysis'
import type { Db } from '../../database/connect.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Hex } from '../../platform/hex.ts'
import { createUsageStore } from './store.ts'

export type Query = {
  address: Hex
  model: string
  provider: Hex
  requestId: string
  costNeuron: bigint
  inputTokens: number
  outputTokens: number
  verification: Verification
  responseTimeMs: number
}

/** As long as the column; model names come from strangers. */
const maxModelLength = 200

export type UsageService = ReturnType<typeof createUsageService>

/** Remembers what was asked and paid, never what was dreamt. */
export function createUsageService({ clock }: { clock: Clock }) {
  return {
    /** Notes one paid analysis within the caller's transaction. */
    recordAnalysis: (trx: Db, query: Query) =>
      createUsageStore(trx).append({
        address: query.address,
        query_type: 'dream-analysis',
        model_used: query.model.slice(0, maxModelLength),
        provider: query.provider,
        request_id: query.requestId,
        cost_neuron: query.costNeuron,
        input_tokens: query.inputTokens,
        output_tokens: query.outputTokens,
        verification: query.verification,
        response_time_ms: query.responseTimeMs,
        created_at: new Date(clock.now()),
      }),
  }
}
