import { createHash, randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Address } from 'viem'
import { doneFrame, renderFrame } from '../completion/render.ts'
import { type ChatRequest, parseChatRequest } from '../completion/request.ts'
import { type LanguageModel, LanguageModelError, type LanguageModelFrame } from '../language-model/language-model.ts'
import type { Admission } from './admission.ts'
import { type Answer, createAnswerer } from './answer.ts'
import type { ChainState } from './chain-state.ts'
import { deliver, interrupt } from './delivery.ts'
import type { Fault, FaultQueue } from './faults.ts'
import type { FeeBook } from './fee-book.ts'
import { createWriter, readBody } from './http.ts'
import { Refusal } from './refusal.ts'
import { type SignatureStore, sha256Hex } from './response-signature.ts'
import type { Sessions } from './sessions.ts'
import { createSigning } from './signing.ts'
import type { ProviderSpec } from './spec.ts'

type Deps = {
  spec: ProviderSpec
  sessions: Sessions
  admission: Admission
  chain: ChainState
  fees: FeeBook
  signatures: SignatureStore
  faults: FaultQueue
  /** Answers in the place of the dream reader. */
  languageModel: LanguageModel | undefined
  /** Ends what is still asked of the language model. */
  closing: AbortSignal
}

export type ChatHandler = ReturnType<typeof createChatHandler>

type Job = { user: Address; chatId: string; requestHash: string; isStream: boolean }

/**
 * Answers a chat completion in the 0G provider broker's order: size, session, account and balance, model, bill, sign,
 * deliver. Bill and signature stand before the last byte leaves, and a client that hangs up pays all the same.
 */
export function createChatHandler(deps: Deps) {
  const { spec, sessions, admission, chain, fees, signatures, faults, languageModel, closing } = deps
  const produceAnswer = createAnswerer({ spec, languageModel, closing })
  const sign = createSigning({ teeSigner: spec.teeSigner, signatures })

  async function bill({ user, requestHash }: Job, { content, usage }: Omit<Answer, 'pieces'>) {
    const { inputPrice, outputPrice } = await chain.getService()
    // Without usage the 0G broker counts words and lets the input go.
    const { prompt_tokens, completion_tokens } = usage ?? { prompt_tokens: 0, completion_tokens: countWords(content) }
    await fees.charge(user, {
      requestHash,
      inputFee: inputPrice * BigInt(prompt_tokens),
      outputFee: outputPrice * BigInt(completion_tokens),
    })
  }

  const writeHead = (response: ServerResponse, { chatId, isStream }: Job) =>
    response.writeHead(200, {
      'content-type': isStream ? 'text/event-stream' : 'application/json',
      'ZG-Res-Key': chatId,
      provider: spec.wallet.address,
      'X-Accel-Buffering': 'no',
    })

  async function sendWhole(
    response: ServerResponse,
    job: Job,
    { answer, fault }: { answer: Answer; fault: Fault | undefined },
  ) {
    await bill(job, answer)
    await sign({ ...job, responseHash: sha256Hex(Buffer.concat(answer.pieces)) }, fault)
    writeHead(response, job)
    await deliver(response, answer.pieces, fault)
  }

  /** Passes a stream on as it comes and keeps `[DONE]` back until the bill and the signature stand. */
  async function relay(response: ServerResponse, job: Job, frames: AsyncIterable<LanguageModelFrame>) {
    const hash = createHash('sha256')
    const write = createWriter(response)
    let content = ''
    let usage: LanguageModelFrame['usage']
    try {
      for await (const frame of frames) {
        if (!response.headersSent) writeHead(response, job)
        content += frame.content
        usage = frame.usage ?? usage
        const piece = renderFrame(frame.data)
        hash.update(piece)
        await write(piece)
      }
    } catch (error) {
      if (!response.headersSent || !(error instanceof LanguageModelError)) throw error
      return void response.end(
        renderFrame(JSON.stringify({ error: { message: error.message, type: 'upstream_error' } })),
      )
    }
    await bill(job, { content, usage })
    await sign({ ...job, responseHash: hash.update(doneFrame).digest('hex') }, undefined)
    response.end(doneFrame)
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const fault = faults.take()
    if (await interrupt(response, fault)) return
    const body = await readBody(request)
    const user = await sessions.getUser(request.headers.authorization)
    await (fault?.kind === 'refuse-balance' ? admission.refuse(user) : admission.admit(user))
    const chat = getChatRequest(body, spec.model)
    const job = { user, chatId: randomUUID(), requestHash: sha256Hex(body), isStream: chat.isStream }
    try {
      if (languageModel && chat.isStream && !fault) {
        return await relay(response, job, languageModel.stream({ body: chat.members, signal: closing }))
      }
      await sendWhole(response, job, { answer: await produceAnswer(chat, fault), fault })
    } catch (error) {
      if (!(error instanceof LanguageModelError)) throw error
      throw new Refusal(`Provider proxy: handle proxied service, forward request: ${error.message}`, 502)
    }
  }
}

function getChatRequest(body: Buffer, servedModel: string): ChatRequest {
  const chat = parseChatRequest(body)
  if (!chat) throw new Refusal('invalid request body: not a chat completion request')
  if (chat.model !== undefined && chat.model !== servedModel) {
    throw new Refusal(`model not found: this provider serves ${servedModel}`)
  }
  return chat
}

function countWords(text: string): number {
  return text.split(/\s+/).filter(Boolean).length
}
