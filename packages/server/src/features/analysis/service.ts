import type { Analysis, AnalyzeOptions, AnalyzeResponse } from '@dreamscape/protocol/analysis'
import { formatOg } from '@dreamscape/protocol/money'
import type { Db } from '../../database/connect.ts'
import type { Clock } from '../../platform/clock.ts'
import { AppError } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import type { Principal } from '../../platform/principal.ts'
import type { AuthService } from '../auth/service.ts'
import type { Reservations } from '../broker/reservations.ts'
import type { BrokerService } from '../broker/service.ts'
import type { FundingService } from '../funding/service.ts'
import type { ModelsService } from '../models/service.ts'
import type { UsageService } from '../usage/service.ts'
import type { Dispatched, Dispatcher } from './dispatcher.ts'
import { levelProfile } from './levels.ts'
import { parseAnalysis } from './parse.ts'
import { planFor } from './plan.ts'
import { buildPrompt } from './prompt.ts'

export type AnalyzeResult = Omit<AnalyzeResponse, 'success'>

export type AnalysisService = ReturnType<typeof createAnalysisService>

/** Has a dream analysed by a provider the user's own account pays. */
export function createAnalysisService(deps: {
  db: Db
  auth: Pick<AuthService, 'keep'>
  broker: BrokerService
  reservations: Reservations
  funding: FundingService
  models: ModelsService
  dispatcher: Dispatcher
  usage: UsageService
  clock: Clock
  log: Log
  deadlineMs: number
}) {
  const { db, auth, broker, reservations, funding, models, dispatcher, usage: usageLog, clock, log, deadlineMs } = deps

  /** Books the charge, the usage row and (for a whole answer) the first answer in one transaction; returns the balance left. */
  async function book(options: {
    principal: Principal
    dispatched: Dispatched
    requestId: string
    startedMs: number
    toResult: ((remainingBalance: string) => AnalyzeResult) | undefined
  }): Promise<string> {
    const { principal, dispatched, requestId, startedMs, toResult } = options
    const { reservation, service, cost, usage, verdict } = dispatched
    return db.transaction().execute(async (trx) => {
      await reservations.charge(trx, reservation, cost)
      await usageLog.recordAnalysis(trx, {
        address: principal.address,
        model: service.model,
        provider: service.provider,
        requestId,
        costNeuron: cost,
        inputTokens: usage.promptTokens,
        outputTokens: usage.completionTokens,
        verification: verdict.verification,
        responseTimeMs: clock.now() - startedMs,
      })
      const remainingBalance = formatOg(await broker.findBalance(principal.address, trx))
      if (toResult)
        await auth.keep(trx, principal, { status: 200, body: { success: true, ...toResult(remainingBalance) } })
      return remainingBalance
    })
  }

  return {
    /**
     * Analyses one dream. Throws `model-unavailable`, `provider-unavailable` and `insufficient-funds` when nothing was
     * sent; `provider-failed`, `deadline-exceeded` and `analysis-unparseable` when something may have been, or was, billed.
     */
    async analyze(options: {
      principal: Principal
      dreamText: string
      options: AnalyzeOptions
      requestId: string
    }): Promise<AnalyzeResult> {
      const { principal, dreamText, requestId } = options
      const startedMs = clock.now()
      const profile = levelProfile(options.options.level ?? 1)
      const messages = buildPrompt({ dreamText, profile })
      const services = await models.candidates(options.options.model)
      const plans = services.map((service) => planFor({ service, messages, profile }))

      const dispatched = await dispatcher.dispatch({ principal, plans, deadlineMs: startedMs + deadlineMs })
      const { service, plan, answer, usage, cost, verdict } = dispatched
      const analysis = parseAnalysis(answer.content)
      const bytes =
        options.options.receipt === 'full'
          ? { request: toBase64(plan.body), response: toBase64(answer.responseBytes) }
          : {}
      const toResult = (parsed: Analysis, remainingBalance: string): AnalyzeResult => ({
        analysis: parsed,
        cost: formatOg(cost),
        remainingBalance,
        model: service.model,
        provider: service.provider,
        verification: verdict.verification,
        receipt: dispatched.receipt,
        usage: { inputTokens: usage.promptTokens, outputTokens: usage.completionTokens },
        contextUsed: 0,
        level: profile.level,
        requestId,
      })
      const remainingBalance = await book({
        principal,
        dispatched,
        requestId,
        startedMs,
        toResult: analysis && ((remaining) => toResult(analysis, remaining)),
      })
      funding.refillInBackground(principal.address, service.provider)
      log.info(
        {
          requestId,
          address: principal.address,
          provider: service.provider,
          model: service.model,
          amountNeuron: cost,
          verification: verdict.verification,
        },
        'analysis charged',
      )
      if (!analysis) {
        throw new AppError(
          'analysis-unparseable',
          'The model did not answer in the agreed form. The provider billed the answer all the same; sign again to try once more',
          { cost: formatOg(cost), remainingBalance, model: service.model, provider: service.provider },
        )
      }
      const result = toResult(analysis, remainingBalance)
      return { ...result, receipt: { ...result.receipt, ...bytes } }
    },
  }
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
