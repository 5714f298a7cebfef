import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import { type ChatRequest, createChatClient } from '../chat.ts'
import { buildChatBody } from '../chat-body.ts'
import { type Reply, type Stranger, sendChunks } from './stranger.ts'

export const body = buildChatBody({ model: 'm', messages: [{ role: 'user', content: 'hi' }], maxTokens: 5 })
export const usage = { prompt_tokens: 7, completion_tokens: 3 }
export const done = 'data: [DONE]\n\n'

/** One event of a stream; those below are the ones a completion is made of. */
export function event(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`
}

export function said(content: string): string {
  return event({ choices: [{ delta: { content }, finish_reason: null }] })
}

export function finished(): string {
  return event({ choices: [{ delta: {}, finish_reason: 'stop' }] })
}

export function used(counts: unknown): string {
  return event({ choices: [], usage: counts })
}

/** Sends these events and leaves the stream open. */
export async function sendStream(response: ServerResponse, parts: string[], headers = {}): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers })
  await sendChunks(response, parts)
}

/** A provider that answers with these events and ends. */
export function eventStream(parts: string[], headers = {}): Reply {
  return async (response) => {
    await sendStream(response, parts, headers)
    response.end()
  }
}

/** Asks a stranger, through its own agent. */
export function ask({ agent, baseUrl }: Stranger, request: Partial<ChatRequest> = {}) {
  return chat(agent, { baseUrl, ...request })
}

export function chat(agent: Dispatcher, request: Partial<ChatRequest> & { baseUrl: string }) {
  const client = createChatClient({ agent, clock: { now: () => Date.UTC(2026, 0, 1) } })
  const signal = new AbortController().signal
  return client.chat({ bearer: 'app-sk-x', body, signal, maxResponseBytes: 1_000_000, ...request })
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
