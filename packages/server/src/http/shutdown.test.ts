import { once } from 'node:events'
import type { Server } from 'node:http'
import { describe, expect, test } from 'vitest'
import { createHttpServer } from './http-server.ts'
import { closeGracefully } from './shutdown.ts'
import { createToyIdentity, deferred, startToyServer, toyRoute } from './testing/toy-server.ts'

describe('closeGracefully', () => {
  test('waits for an answer under way, closes its connection and takes nothing new', async () => {
    const { promise, resolve } = deferred<Record<string, unknown>>()
    const { promise: started, resolve: start } = deferred()
    const slow = toyRoute('/slow', () => {
      start()
      return promise
    })
    await using server = await startToyServer({ routes: [slow] })
    const answer = server.get('/slow')
    await started

    const closing = closeGracefully(server.server, 10_000)
    await expect(fetch(`http://127.0.0.1:${server.port}/slow`)).rejects.toThrow()
    resolve({ done: true })

    expect(await answer).toMatchObject({ status: 200, body: { done: true }, headers: { connection: 'close' } })
    await closing
  })

  test('does not wait for connections without a request', async () => {
    await using server = await startToyServer()
    const silent = server.raw('')
    const half = server.raw('GET /toy/health HTTP/1.1\r\n')
    const kept = server.raw('GET /toy/health HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(kept.socket, 'data')

    await closeGracefully(server.server, 60_000)

    expect(await silent.received).toBe('')
    expect(await half.received).toBe('')
    expect(await kept.received).toContain('200 OK')
  })

  test('cuts what is left after the grace', async () => {
    const { promise: never } = deferred<Record<string, unknown>>()
    const { promise: started, resolve: start } = deferred()
    const stuck = toyRoute('/stuck', () => {
      start()
      return never
    })
    await using server = await startToyServer({ routes: [stuck] })
    const answer = server.get('/stuck').catch(() => 'cut')
    await started

    await closeGracefully(server.server, 50)

    expect(await answer).toBe('cut')
  })

  test('is done at once where nothing listens', async () => {
    const { identity } = createToyIdentity()
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const server: Server = createHttpServer({ routes: [], identity, chainId: 31337, log, corsOrigins: [] })

    await closeGracefully(server, 60_000)
  })
})
