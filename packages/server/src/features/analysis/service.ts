import type { AnalyzeOptions, Verification } from '@dreamscape/protocol/analysis'
import { toLanguageTag } from '@dreamscape/protocol/language-tag'
import { formatOg } from '@dreamscape/protocol/money'
import type { Db } from '../../database/connect.ts'
import { type Checkpoint, passCheckpoint } from '../../platform/checkpoint.ts'
import type { Clock } from '../../platform/clock.ts'
import { AppError } from '../../platform/errors.ts'
import type { Hex } from '../../platform/hex.ts'
import type { Log } from '../../platform/log.ts'
import type { Principal } from '../../platform/principal.ts'
import type { AuthService } from '../auth/service.ts'
import type { Reservations } from '../broker/reservations.ts'
import type { BrokerService } from '../broker/service.ts'
import type { FundingService } from '../funding/service.ts'
import type { SchemaSupport } from '../models/schema-support.ts'
import type { ModelsService } from '../models/service.ts'
import type { UsageService } from '../usage/service.ts'
import type { Billed } from './billing.ts'
import { crisisHelp } from './crisis/help.ts'
import { findCrisis } from './crisis/screen.ts'
import type { Dispatched, Dispatcher } from './dispatcher.ts'
import { type AnalyzeResult, type Finding, settle, spoken, strength, totalOf, withBytes } from './finding.ts'
import { levelProfile } from './levels.ts'
import { type AnswerReader, createAnswerReader } from './parse.ts'
import { planFor } from './plan.ts'
import { buildPrompt, promptVersion } from './prompt.ts'
import { leakCheckOf } from './prompt-leak.ts'
import { readAloud } from './read-aloud.ts'
import { planRepair, repairInstructions } from './repair.ts'

/** For whom a dream is analysed, its name in logs and answers, and its time. */
type Errand = {
  principal: Principal
  requestId: string
  startedMs: number
  deadlineMs: number
  keepsBytes: boolean
}

export type AnalysisService = ReturnType<typeof createAnalysisService>

/** Has a dream analysed by a provider the user's own account pays. */
export function createAnalysisService(deps: {
  db: Db
  auth: Pick<AuthService, 'keep'>
  broker: BrokerService
  reservations: Reservations
  funding: FundingService
  models: ModelsService
  schemas: Pick<SchemaSupport, 'takesSchema'>
  dispatcher: Dispatcher
  usage: UsageService
  clock: Clock
  log: Log
  deadlineMs: number
  /** Answers verified less than this are charged (the provider bills them) but withheld. */
  requiredVerification: Verification
  checkpoint?: Checkpoint
}) {
  const { db, auth, broker, reservations, funding, models, schemas, dispatcher, usage: usageLog, clock, log } = deps
  const { deadlineMs, requiredVerification, checkpoint = passCheckpoint } = deps

  const isWithheld = ({ verdict }: Billed) => strength[verdict.verification] < strength[requiredVerification]

  /**
   * Reads the first answer, and has it put into form once when that fails and is covered. Nothing is charged here, and the
   * outcome of the second call is told, not thrown: the first answer is to be booked in any case.
   */
  async function conclude(options: {
    errand: Errand
    first: Dispatched
    reader: AnswerReader
    maxOutputTokens: number
  }): Promise<Finding> {
    const { errand, first, reader, maxOutputTokens } = options
    if (isWithheld(first)) return { first, analysis: undefined }
    const analysis = reader.read(spoken(first))
    if (analysis) return { first, analysis }
    const takesSchema = first.plan.withoutSchema !== undefined
    const plan = planRepair({ first, maxOutputTokens, takesSchema })
    // A call that has less time than the first one took would end unknown.
    const hasTime = errand.deadlineMs - clock.now() > clock.now() - errand.startedMs
    if (!plan || !hasTime) return { first, analysis: undefined }
    const second = await dispatcher.callAgain({ ...errand, first, plan })
    if (second.state === 'refused') return { first, analysis: undefined }
    if (second.state === 'unknown') return { first, analysis: undefined, isUnknown: true }
    const { billed } = second
    return { first, second: billed, analysis: isWithheld(billed) ? undefined : reader.read(spoken(billed)) }
  }

  /** Books the charge, the usage row and the first answer, good or bad, in one transaction: what is paid cannot get lost. */
  async function book(paid: {
    errand: Errand
    finding: Finding
    level: number
    contextUsed: number
  }): Promise<AnalyzeResult | AppError> {
    const { errand, finding, ...rest } = paid
    const { principal, requestId, startedMs } = errand
    const { reservation, service } = finding.first
    const { cost, usage, verification } = totalOf(finding)
    return db.transaction().execute(async (trx) => {
      await settle(reservations, trx, { reservation, cost, isUnknown: finding.isUnknown === true })
      await usageLog.recordAnalysis(trx, {
        address: principal.address,
        model: service.model,
        provider: service.provider,
        requestId,
        costNeuron: cost,
        inputTokens: usage.inputTokens,
        outputTokens: usage.outputTokens,
        verification,
        responseTimeMs: clock.now() - startedMs,
      })
      const remainingBalance = formatOg(await broker.findBalance(principal.address, trx))
      const conclusion = answerOf(finding, { ...rest, requestId, remainingBalance })
      const answer =
        conclusion instanceof AppError ? conclusion : { status: 200, body: { success: true, ...conclusion } }
      await auth.keep(trx, principal, answer)
      return conclusion
    })
  }

  /** What the dreamer gets for what was billed: the analysis, or why there is none. */
  function answerOf(
    finding: Finding,
    rest: {
      level: number
      contextUsed: number
      requestId: string
      remainingBalance: string
    },
  ): AnalyzeResult | AppError {
    const { first, second, analysis, isUnknown } = finding
    const { cost, usage, verification } = totalOf(finding)
    const { remainingBalance, requestId, level, contextUsed } = rest
    const { model, provider } = first.service
    const billed = { cost: formatOg(cost), remainingBalance, model, provider, verification }
    if (isWithheld(second ?? first)) {
      return new AppError(
        'verification-failed',
        `The answer is not verified as this service requires (${requiredVerification}), so it is withheld. The provider billed it all the same; sign again to try once more`,
        billed,
      )
    }
    if (isUnknown) {
      return new AppError(
        'analysis-unparseable',
        'The model did not answer in the agreed form, and the call to repair that broke off. It cost at least what is told here, at most what is reserved; that is being reconciled. Sign again to try once more',
        { ...billed, reserved: formatOg(first.reservation.amount) },
      )
    }
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
      receipt: (second ?? first).receipt,
      ...(second && { repaired: first.receipt }),
      usage,
      contextUsed,
      level,
      requestId,
      promptVersion,
    }
  }

  /** The answer to a dreamer in crisis: help, from here and now. Asks nobody, costs nothing, is noted nowhere. */
  async function help(to: { user: Hex; language: string; level: number; requestId: string }): Promise<AnalyzeResult> {
    return {
      analysis: crisisHelp(to.language),
      cost: '0',
      remainingBalance: formatOg(await broker.findBalance(to.user, db)),
      model: null,
      provider: null,
      verification: 'none',
      receipt: null,
      usage: { inputTokens: 0, outputTokens: 0 },
      contextUsed: 0,
      level: to.level,
      requestId: to.requestId,
    }
  }

  return {
    /** Whether an answer that is not verified well enough is withheld, so that what was streamed of it counts for nothing. */
    mayWithhold: requiredVerification !== 'none',

    /**
     * Analyses one dream; one that speaks of a crisis is answered with help and goes to nobody. Throws `model-unavailable`,
     * `provider-unavailable` and `insufficient-funds` when nothing was sent; `provider-failed` and `deadline-exceeded` when
     * something may have been billed; `analysis-unparseable` and `verification-failed` when it was.
     */
    async analyze(request: {
      principal: Principal
      dreamText: string
      options: AnalyzeOptions
      requestId: string
      /** Told the interpretation as it arrives. It is not verified yet. */
      onText?: ((text: string) => void) | undefined
    }): Promise<AnalyzeResult> {
      const { principal, dreamText, options, requestId, onText } = request
      const startedMs = clock.now()
      const keepsBytes = options.receipt === 'full'
      const errand = { principal, requestId, startedMs, deadlineMs: startedMs + deadlineMs, keepsBytes }
      const profile = levelProfile(options.level ?? 1)
      const { level, maxOutputTokens } = profile
      const language = toLanguageTag(options.language ?? '')
      const crisis = findCrisis(dreamText)
      if (crisis) return help({ user: principal.address, language: language ?? crisis.language, level, requestId })

      const { messages, instructions, contextUsed } = buildPrompt({
        dreamText,
        profile,
        language,
        cards: options.context ?? [],
      })
      const services = await models.candidates(options.model)
      const plans = services.map((service) =>
        planFor({ service, messages, maxOutputTokens, takesSchema: schemas.takesSchema(service) }),
      )

      const secret = `${instructions}\n${repairInstructions}`
      const reader = createAnswerReader({ dreamText, instructions: secret, language })
      const onContent = onText && readAloud({ isLeak: leakCheckOf(secret), onText })
      const first = await dispatcher.dispatch({
        ...errand,
        plans,
        onContent,
        // There is time to read it while its proof is on its way; what was read is not read again.
        onAnswer: (answer) => void reader.read(spoken({ answer })),
      })
      const finding = await conclude({ errand, first, reader, maxOutputTokens })
      const conclusion = await book({ errand, finding, level, contextUsed })
      await checkpoint('analysis-booked')
      const { provider, model } = first.service
      funding.refillInBackground(principal.address, provider)
      const { cost, verification } = totalOf(finding)
      log.info(
        { requestId, address: principal.address, provider, model, amountNeuron: cost, verification },
        'analysis charged',
      )
      if (conclusion instanceof AppError) throw conclusion
      // Given once and kept nowhere: the server remembers hashes only. Where help stands for an answer, they would tell it.
      return keepsBytes && !conclusion.analysis.safety ? withBytes(conclusion, finding) : conclusion
    },
  }
}
