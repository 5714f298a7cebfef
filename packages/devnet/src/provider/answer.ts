import { type Completion, createCompletion, type Usage } from '../completion/completion.ts'
import { renderJson, renderStream } from '../completion/render.ts'
import type { ChatRequest } from '../completion/request.ts'
import type { LanguageModel } from '../language-model/language-model.ts'
import { obey } from '../reader/obedience.ts'
import type { Fault } from './faults.ts'
import type { ProviderSpec } from './spec.ts'

/** An answer that is known to its end: what to bill it by, and its bytes. */
export type Answer = { content: string; usage: Usage | undefined; pieces: Buffer[] }

type Deps = { spec: ProviderSpec; languageModel: LanguageModel | undefined; closing: AbortSignal }

/** Answers a request with what a fault dictates, else with the language model if there is one, else by the dream reader. */
export function createAnswerer({ spec, languageModel, closing }: Deps) {
  return async (chat: ChatRequest, fault: Fault | undefined): Promise<Answer> => {
    const dictated = dictate(chat, fault)
    if (dictated !== undefined || !languageModel) {
      const content = dictated ?? spec.answer(chat)
      return render(createCompletion(chat, { model: spec.model, content }), { chat, fault })
    }
    const { body, content, usage } = await languageModel.complete({ body: chat.members, signal: closing })
    if (!fault) return { content, usage, pieces: [body] }
    const completion = createCompletion(chat, { model: spec.model, content })
    return render({ ...completion, usage: usage ?? completion.usage }, { chat, fault })
  }
}

function dictate(chat: ChatRequest, fault: Fault | undefined): string | undefined {
  if (fault?.kind === 'raw-answer') return fault.content
  if (fault?.kind === 'flood') return `{"interpretation":"${'water '.repeat(Math.ceil(fault.bytes / 6))}`
  return fault?.kind === 'obey' ? obey(chat) : undefined
}

function render(completion: Completion, { chat, fault }: { chat: ChatRequest; fault: Fault | undefined }): Answer {
  const usage = shownUsage(completion, fault)
  const pieces = chat.isStream ? renderStream(completion, usage) : [renderJson(completion, usage)]
  return {
    content: completion.content,
    usage: fault?.kind === 'no-usage' ? undefined : completion.usage,
    pieces: fault?.kind === 'broken-json' ? pieces.map(breakJson) : pieces,
  }
}

function shownUsage(completion: Completion, fault: Fault | undefined): unknown {
  if (fault?.kind === 'no-usage') return undefined
  return fault?.kind === 'bad-usage' ? fault.usage : completion.usage
}

function breakJson(piece: Buffer): Buffer {
  return Buffer.from(piece.toString('utf8').replaceAll('}', ''))
}
