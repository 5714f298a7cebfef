import type { AnalyzeOptions, AnalyzeResponse, Verification } from '@dreamscape/protocol/analysis'
import { formatOg } from '@dreamscape/protocol/money'
import type { Db } from '../../database/connect.ts'
import { type Checkpoint, passCheckpoint } from '../../platform/checkpoint.ts'
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

const strength: Record<Verification, number> = { none: 0, signer: 1, content: 2 }

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
  /** Answers verified less than this are charged (the provider bills them) but withheld. */
  requiredVerification: Verification
  checkpoint?: Checkpoint
}) {
  const { db, auth, broker, reservations, funding, models, dispatcher, usage: usageLog, clock, log } = deps
  const { deadlineMs, requiredVerification, checkpoint = passCheckpoint } = deps

  /** Books the charge, the usage row and the first answer, good or bad, in one transaction: what is paid cannot get lost. */
  async function book(paid: {
    principal: Principal
    dispatched: Dispatched
    requestId: string
    startedMs: number
    conclude: (remainingBalance: string) => AnalyzeResult | AppError
  }): Promise<AnalyzeResult | AppError> {
    const { principal, dispatched, requestId, startedMs, conclude } = paid
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
      const conclusion = conclude(formatOg(await broker.findBalance(principal.address, trx)))
      const answer =
        conclusion instanceof AppError ? conclusion : { status: 200, body: { success: true, ...conclusion } }
      await auth.keep(trx, principal, answer)
      return conclusion
    })
  }

  /** What the dreamer gets for a billed answer: the analysis, or why it is withheld. */
  function concludeWith(dispatched: Dispatched, rest: { level: number; requestId: string; remainingBalance: string }) {
    const { service, answer, usage, cost, verdict, receipt } = dispatched
    const billed = {
      cost: formatOg(cost),
      remainingBalance: rest.remainingBalance,
      model: service.model,
      provider: service.provider,
      verification: verdict.verification,
    }
    if (strength[verdict.verification] < strength[requiredVerification]) {
      return new AppError(
        'verification-failed',
        `The answer is not verified as this service requires (${requiredVerification}), so it is withheld. The provider billed it all the same; sign again to try once more`,
        billed,
      )
    }
    const analysis = parseAnalysis(answer.content)
    if (!analysis) {
      return new AppError(
        'analysis-unparseable',
        'The model did not answer in the agreed form. The provider billed the answer all the same; sign again to try once more',
        billed,
      )
    }
    return {
      analysis,
      ...billed,
      receipt,
      usage: { inputTokens: usage.promptTokens, outputTokens: usage.completionTokens },
      contextUsed: 0,
      level: rest.level,
      requestId: rest.requestId,
    }
  }

  return {
    /**
     * Analyses one dream. Throws `model-unavailable`, `provider-unavailable` and `insufficient-funds` when nothing was
     * sent; `provider-failed` and `deadline-exceeded` when something may have been billed; `analysis-unparseable` and
     * `verification-failed` when it was.
     */
    async analyze(request: {
      principal: Principal
      dreamText: string
      options: AnalyzeOptions
      requestId: string
    }): Promise<AnalyzeResult> {
      const { principal, dreamText, options, requestId } = request
      const startedMs = clock.now()
      const profile = levelProfile(options.level ?? 1)
      const messages = buildPrompt({ dreamText, profile })
      const services = await models.candidates(options.model)
      const plans = services.map((service) => planFor({ service, messages, profile }))

      const dispatched = await dispatcher.dispatch({ principal, requestId, plans, deadlineMs: startedMs + deadlineMs })
      const conclusion = await book({
        principal,
        dispatched,
        requestId,
        startedMs,
        conclude: (remainingBalance) => concludeWith(dispatched, { level: profile.level, requestId, remainingBalance }),
      })
      await checkpoint('analysis-booked')
      const { service, plan, answer, cost, verdict } = dispatched
      funding.refillInBackground(principal.address, service.provider)
      const { provider, model } = service
      const { verification } = verdict
      log.info(
        { requestId, address: principal.address, provider, model, amountNeuron: cost, verification },
        'analysis charged',
      )
      if (conclusion instanceof AppError) throw conclusion
      if (options.receipt !== 'full') return conclusion
      // Given once and kept nowhere: the server remembers hashes only.
      const bytes = { request: toBase64(plan.body), response: toBase64(answer.responseBytes) }
      return { ...conclusion, receipt: { ...conclusion.receipt, ...bytes } }
    },
  }
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
