import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Refusal } from './refusal.ts'

const maxBodyBytes = 32 * 1024 * 1024

/** The whole body; refuses more than 32 MB with 413 and throws when the client leaves. */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const tooLarge = () => {
      request.removeAllListeners('data').resume() // read on, or the client could not read our answer
      reject(new Refusal('Request body size exceeds the maximum allowed size of 32MB', 413))
    }
    if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) return tooLarge()
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBodyBytes) return tooLarge()
      chunks.push(chunk)
    })
    request.once('end', () => resolve(Buffer.concat(chunks)))
    request.once('close', () => reject(new Error('The client left before its request was complete')))
  })
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** A function that writes at the client's pace, and nothing more once the client has left. */
export function createWriter(response: ServerResponse): (piece: Buffer) => Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  return async (piece) => {
    if (response.destroyed || response.write(piece)) return
    await once(response, 'drain', { signal: gone.signal }).catch(() => {}) // gone: nothing is written any more
  }
}

const corsHeaders = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers': '*, Authorization, Content-Type',
  'access-control-expose-headers': 'ZG-Res-Key, provider, Content-Type',
}

/** Browsers may call a provider from everywhere and read its chat id. */
export function setCorsHeaders(response: ServerResponse): void {
  for (const [name, value] of Object.entries(corsHeaders)) response.setHeader(name, value)
}
