import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import {
  balanceRoute,
  deferred,
  fundRoute,
  healthRoute,
  signedHeaders,
  startToyServer,
  toyAddress,
  toyBody,
  toyRoute,
} from './testing/toy-server.ts'

describe('a route', () => {
  test('gets parsed input and answers with success and its own status', async () => {
    await using server = await startToyServer()

    const answer = await server.post('/toy/fund', { ...toyBody, unknown: 'stripped' })

    expect(answer).toMatchObject({ status: 202, body: { success: true, newBalance: '4.0', status: 'pending' } })
    expect(Object.keys(answer.body)[0]).toBe('success')
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
  })

  test('adds no success where the contract has none', async () => {
    await using server = await startToyServer()

    expect((await server.get('/toy/health')).body).toEqual({ status: 'ok' })
  })

  test('hands the signed call of a body over, spelled as sent', async () => {
    await using server = await startToyServer()

    await server.post('/toy/fund', { ...toyBody, unknown: 'stripped' })

    const { address, signature, timestamp } = toyBody
    const message = `Fund 4.0 OG for ${toyAddress} at 1767225600000`
    expect(server.calls).toEqual([{ address, signature, timestamp, message }])
    expect(server.requests).toEqual([{ address, amount: '4.0', timestamp }])
  })

  test('hands the signed call of headers over', async () => {
    await using server = await startToyServer()
    const address = toyAddress.toLowerCase()

    const answer = await server.get(`/toy/balance/${address}`, signedHeaders)

    expect(answer).toMatchObject({ status: 200, body: { balance: '1', owner: toyAddress } })
    const message = `Check balance for ${address} at 1767225600000`
    expect(server.calls).toEqual([{ address, signature: '0xsigned', timestamp: 1767225600000, message }])
  })

  test('gets its query parsed, without what it does not know', async () => {
    await using server = await startToyServer()

    const answers = [await server.get('/toy/list'), await server.get('/toy/list?limit=7&after=a%20b&colour=blue')]

    expect(answers.map(({ body }) => body)).toEqual([
      { after: null, limit: 5 },
      { after: 'a b', limit: 7 },
    ])
  })

  test.each(['limit=0', 'limit=ten', 'limit=', 'limit=5&limit=6', 'after=a&after=b', 'limit[]=5&limit=6&limit=7'])(
    'refuses the query %s',
    async (query) => {
      await using server = await startToyServer()

      const answer = await server.get(`/toy/list?${query}`)

      const path = query.slice(0, 5)
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request', errors: [{ path }] } })
    },
  )

  test('binds a signature that is spent once to the query as well', async () => {
    const query = z.object({ after: z.string().optional() })
    await using server = await startToyServer({ routes: [{ ...fundRoute, query }] })

    await server.post('/toy/fund?after=x', toyBody)

    const { address, amount, timestamp } = toyBody
    expect(server.requests).toEqual([{ address, amount, timestamp, query: { after: 'x' } }])
  })

  test('lets a message name the chain of the server', async () => {
    const message = (call: object) => ('chainId' in call ? `Read on chain ${call.chainId}` : '')
    const auth = { message, from: 'headers', use: 'read' } as const
    await using server = await startToyServer({ routes: [{ ...balanceRoute, auth }], chainId: 7 })

    await server.get(`/toy/balance/${toyAddress}`, signedHeaders)

    expect(server.calls).toMatchObject([{ message: 'Read on chain 7' }])
  })

  test('answers a retry with what the identity kept', async () => {
    const handler = vi.fn(fundRoute.handler)
    await using server = await startToyServer({ routes: [{ ...fundRoute, handler }] })

    const answers = [await server.post('/toy/fund', toyBody), await server.post('/toy/fund', toyBody)]

    expect(answers.map(({ status }) => status)).toEqual([202, 202])
    expect(answers[1]?.text).toBe(answers[0]?.text)
    expect(handler).toHaveBeenCalledTimes(1)
  })

  test('never runs for a caller who is not proven', async () => {
    const handler = vi.fn(fundRoute.handler)
    await using server = await startToyServer({ routes: [{ ...fundRoute, handler }] })

    const answer = await server.post('/toy/fund', { ...toyBody, signature: '0xforged' })

    expect(answer).toMatchObject({ status: 401, body: { code: 'signature-invalid', success: false } })
    expect(handler).not.toHaveBeenCalled()
  })

  test('has its answers checked against the contract when asked to', async () => {
    const routes = [{ ...healthRoute, handler: async () => ({ status: 'poorly' }) }]
    await using strict = await startToyServer({ routes })
    await using lenient = await startToyServer({ routes, checkResponses: false })

    expect((await strict.get('/toy/health')).status).toBe(500)
    expect((await lenient.get('/toy/health')).status).toBe(200)
  })

  test('answers HEAD as GET without a body', async () => {
    await using server = await startToyServer()

    const response = await server.request('/toy/health', { method: 'HEAD' })

    expect([response.status, await response.text()]).toEqual([200, ''])
  })

  test('is not shadowed by the parameter in the path of another method', async () => {
    const fixed = { ...fundRoute, path: '/toy/balance/all' }
    await using server = await startToyServer({ routes: [balanceRoute, fixed] })

    expect((await server.post('/toy/balance/all', toyBody)).status).toBe(202)
  })

  test('goes on when its client has left', async () => {
    const { promise: answered, resolve: answer } = deferred<Record<string, unknown>>()
    const { promise: started, resolve: start } = deferred()
    let isOver = false
    const slow = toyRoute('/slow', async () => {
      start()
      return answered.finally(() => {
        isOver = true
      })
    })
    await using server = await startToyServer({ routes: [slow] })
    const client = new AbortController()

    const gone = server.request('/slow', { signal: client.signal }).catch(() => 'gone')
    await started
    client.abort()

    expect(await gone).toBe('gone')
    await vi.waitFor(() => expect(server.lines).toContainEqual(expect.objectContaining({ state: 'client-gone' })))
    answer({})
    await vi.waitFor(() => expect(isOver).toBe(true))
    expect(server.lines.filter(({ level }) => level === 'error')).toEqual([])
  })
})
