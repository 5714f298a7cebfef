import type { Receipt } from '@dreamscape/protocol/analysis'
import type { Checkpoint } from '../../platform/checkpoint.ts'
import type { Log } from '../../platform/log.ts'
import type { SignatureVerifier } from '../../platform/signature/verifier.ts'
import type { ChatOutcome } from '../../provider/chat.ts'
import type { ChatUsage } from '../../provider/completion.ts'
import { billOf } from '../../provider/pricing.ts'
import type { ResponseSignature } from '../../provider/response-signature.ts'
import { expectedSigner } from '../../provider/service-info.ts'
import { type Verdict, verifyResponse } from '../../provider/verify-response.ts'
import type { ProviderHealth } from '../models/health.ts'
import { fallbackUsage } from './cost.ts'
import type { Plan } from './plan.ts'

export type Answered = Extract<ChatOutcome, { state: 'answered' }>

/** An answer that was billed, with what was sent for it and what proves it. Cost in neuron. */
export type Billed = {
  plan: Plan
  answer: Answered
  usage: ChatUsage
  cost: bigint
  verdict: Verdict
  receipt: Receipt
}

/** Asks a provider for its signature over an answer; undefined when there is none. */
export type FetchSignature = (request: {
  baseUrl: string
  chatId: string
  model: string
  signal: AbortSignal
}) => Promise<ResponseSignature | undefined>

/** Finds out what an answer cost and what proves it. */
export function createBilling(deps: {
  health: Pick<ProviderHealth, 'quarantine'>
  fetchSignature: FetchSignature
  verifier: Pick<SignatureVerifier, 'verify'>
  log: Log
  checkpoint: Checkpoint
}) {
  const { health, fetchSignature, verifier, log, checkpoint } = deps

  /** What the told usage costs. More than the worst case cannot be true: reconciliation finds out what is really billed. */
  async function costOf(usage: ChatUsage, { service, worstCase }: Plan): Promise<bigint> {
    const cost = billOf(usage, service.pricing)
    if (cost <= worstCase) return cost
    await health.quarantine(service.provider, 'it told a usage that cannot be')
    log.error(
      { provider: service.provider, model: service.model, amountNeuron: cost },
      'provider tells an impossible usage',
    )
    return worstCase
  }

  async function prove(
    plan: Plan,
    answer: Answered,
    signal: AbortSignal,
  ): Promise<{ verdict: Verdict; receipt: Receipt }> {
    const { service, requestHash } = plan
    const { chatId, responseHash } = answer
    const signer = expectedSigner({ additionalInfo: service.additionalInfo, teeSignerAddress: service.teeSigner })
    const signed =
      chatId === undefined
        ? undefined
        : await fetchSignature({ baseUrl: service.baseUrl, chatId, model: service.model, signal })
    const verdict = verifyResponse({ verifier, signed, signer, requestHash, responseHash })
    const { signedText, signature } = verdict
    return { verdict, receipt: { chatId: chatId ?? null, signedText, signature, signer, requestHash, responseHash } }
  }

  /** `onAnswer` is called while the proof is on its way. */
  return async (options: {
    plan: Plan
    answer: Answered
    signal: AbortSignal
    onAnswer?: ((answer: Answered) => void) | undefined
  }): Promise<Billed> => {
    const { plan, answer, signal, onAnswer } = options
    const usage = answer.usage ?? fallbackUsage(answer.content)
    const cost = await costOf(usage, plan)
    const proving = prove(plan, answer, signal)
    onAnswer?.(answer)
    const proof = await proving
    await checkpoint('answer-proved')
    return { plan, answer, usage, cost, ...proof }
  }
}
