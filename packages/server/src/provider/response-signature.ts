import { setTimeout as sleep } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { z } from 'zod'
import { getJson } from './get-json.ts'

const responseSignature = z.object({
  text: z.string(),
  signature: z.string(),
  signing_address: z.string().optional(),
})

export type ResponseSignature = z.infer<typeof responseSignature>

/** Some providers sign only after the last byte was sent, so the first question can come too early. */
const retryDelaysMs = [100, 300, 900]

/** Asks a provider for the signature over one of its answers; undefined when none could be had. Never throws. */
export async function fetchResponseSignature(options: {
  agent: Dispatcher
  baseUrl: string
  chatId: string
  model: string
  signal: AbortSignal
  wait?: (delayMs: number, signal: AbortSignal) => Promise<unknown>
}): Promise<ResponseSignature | undefined> {
  const { agent, baseUrl, chatId, model, signal, wait = waitFor } = options
  const url = `${baseUrl}/v1/proxy/signature/${encodeURIComponent(chatId)}?model=${encodeURIComponent(model)}`
  for (const delayMs of [...retryDelaysMs, undefined]) {
    try {
      const { status, json } = await getJson({ agent, url, signal })
      const { data } = responseSignature.safeParse(json)
      if (status === 200 && data) return data
    } catch {
      // A missing signature lowers the verdict on an answer that is already paid for; it must not lose the answer.
    }
    if (delayMs === undefined || signal.aborted) break
    await wait(delayMs, signal).catch(() => {})
  }
  return undefined
}

function waitFor(delayMs: number, signal: AbortSignal): Promise<unknown> {
  return sleep(delayMs, undefined, { signal })
}
