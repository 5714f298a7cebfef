import { createHash, randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Address } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { type Completion, createCompletion } from '../completion/completion.ts'
import { renderJson, renderStream } from '../completion/render.ts'
import { type ChatRequest, parseChatRequest } from '../completion/request.ts'
import type { Admission } from './admission.ts'
import type { ChainState } from './chain-state.ts'
import { deliver, interrupt } from './delivery.ts'
import type { Fault, FaultQueue } from './faults.ts'
import type { FeeBook } from './fee-book.ts'
import { readBody } from './http.ts'
import { Refusal } from './refusal.ts'
import { type SignatureStore, signatureText, signText } from './response-signature.ts'
import type { Sessions } from './sessions.ts'
import { devnetKey, type ProviderSpec } from './spec.ts'

type Deps = {
  spec: ProviderSpec
  sessions: Sessions
  admission: Admission
  chain: ChainState
  fees: FeeBook
  signatures: SignatureStore
  faults: FaultQueue
}

export type ChatHandler = ReturnType<typeof createChatHandler>

const strangerSigner = privateKeyToAccount(devnetKey('a key that signs for nobody'))

/**
 * Answers a chat completion in the 0G provider broker's order: size, session, account and balance, model, bill, sign,
 * deliver. Bill and signature stand before the last byte leaves, and a client that hangs up pays all the same.
 */
export function createChatHandler({ spec, sessions, admission, chain, fees, signatures, faults }: Deps) {
  async function bill(
    user: Address,
    body: Buffer,
    { completion, fault }: { completion: Completion; fault: Fault | undefined },
  ) {
    const { inputPrice, outputPrice } = await chain.getService()
    // Without usage the 0G broker counts words and lets the input go.
    const [input, output] =
      fault?.kind === 'no-usage'
        ? [0, completion.content.split(/\s+/).filter(Boolean).length]
        : [completion.usage.prompt_tokens, completion.usage.completion_tokens]
    fees.charge(user, {
      requestHash: createHash('sha256').update(body).digest('hex'),
      inputFee: inputPrice * BigInt(input),
      outputFee: outputPrice * BigInt(output),
    })
  }

  async function sign(chatId: string, text: string, fault: Fault | undefined) {
    if (fault?.kind === 'missing-signature') return
    const signer = fault?.kind === 'wrong-signature' ? strangerSigner : spec.teeSigner
    const signed = await signText(
      signer,
      fault?.kind === 'other-text-signature' ? signatureText(Buffer.from('another'), Buffer.from('answer')) : text,
    )
    signatures.put(chatId, {
      value: { ...signed, signing_address: spec.teeSigner.address },
      misses: fault?.kind === 'late-signature' ? fault.misses : 0,
    })
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const fault = faults.take()
    if (await interrupt(response, fault)) return
    const body = await readBody(request)
    const user = await sessions.getUser(request.headers.authorization)
    await (fault?.kind === 'refuse-balance' ? admission.refuse(user) : admission.admit(user))
    const chat = getChatRequest(body, spec.model)

    const completion = createCompletion(chat, { model: spec.model, content: say(chat, { spec, fault }) })
    const pieces = renderPieces(completion, { isStream: chat.isStream, fault })
    const chatId = randomUUID()
    await bill(user, body, { completion, fault })
    await sign(chatId, signatureText(body, Buffer.concat(pieces)), fault)

    response.writeHead(200, {
      'content-type': chat.isStream ? 'text/event-stream' : 'application/json',
      'ZG-Res-Key': chatId,
      provider: spec.wallet.address,
      'X-Accel-Buffering': 'no',
    })
    await deliver(response, pieces, fault)
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

function say(chat: ChatRequest, { spec, fault }: { spec: ProviderSpec; fault: Fault | undefined }): string {
  if (fault?.kind === 'raw-answer') return fault.content
  if (fault?.kind === 'flood') return 'water '.repeat(Math.ceil(fault.bytes / 6))
  return spec.answer(chat)
}

function renderPieces(
  completion: Completion,
  { isStream, fault }: { isStream: boolean; fault: Fault | undefined },
): Buffer[] {
  const usage = shownUsage(completion, fault)
  const pieces = isStream ? renderStream(completion, usage) : [renderJson(completion, usage)]
  if (fault?.kind !== 'broken-json') return pieces
  return pieces.map((piece) => Buffer.from(piece.toString('utf8').replaceAll('}', '')))
}

function shownUsage(completion: Completion, fault: Fault | undefined): unknown {
  if (fault?.kind === 'no-usage') return undefined
  return fault?.kind === 'bad-usage' ? fault.usage : completion.usage
}
