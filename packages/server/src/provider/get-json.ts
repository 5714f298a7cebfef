import type { Dispatcher } from 'undici'
import { parseJson } from './parse-json.ts'

const usualMaxBytes = 65_536
const timeoutMs = 10_000

/** One GET of a small JSON document. Throws what undici throws; the caller translates. */
export async function getJson(options: {
  agent: Dispatcher
  url: string
  headers?: Record<string, string>
  signal: AbortSignal
  maxBytes?: number
}): Promise<{ status: number; json: unknown }> {
  const { maxBytes = usualMaxBytes } = options
  options.signal.throwIfAborted()
  const { origin, pathname, search } = new URL(options.url)
  const { statusCode, body } = await options.agent.request({
    origin,
    path: `${pathname}${search}`,
    method: 'GET',
    headers: { accept: 'application/json', 'accept-encoding': 'identity', ...options.headers },
    signal: AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)]),
  })
  const chunks: Uint8Array[] = []
  let byteCount = 0
  for await (const chunk of body) {
    byteCount += chunk.length
    // Leaving the loop destroys the body and with it the connection.
    if (byteCount > maxBytes) throw new Error('The document is too large')
    chunks.push(chunk)
  }
  return { status: statusCode, json: parseJson(Buffer.concat(chunks).toString()) }
}
