import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { parseEther } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Devnet, startDevnet } from '../devnet.ts'
import { createCustomer, postChat, readError } from '../testing/client.ts'
import type { DevnetProvider } from './provider.ts'

describe('the routes of the devnet itself', () => {
  let devnet: Devnet
  let provider: DevnetProvider
  beforeAll(async () => {
    devnet = await startDevnet()
    ;[provider] = devnet.providers as [DevnetProvider]
  })
  afterAll(() => devnet.close())

  const post = (path: string, body?: unknown) =>
    fetch(`${provider.url}/devnet/${path}`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })

  test('order a fault', async () => {
    const { authorization } = await createCustomer(devnet, provider)

    const ordered = await post('faults', {
      kind: 'status',
      status: 503,
      body: { error: 'busy' },
      headers: { 'retry-after': '2' },
    })
    const hit = await postChat(provider, authorization)
    const well = await postChat(provider, authorization)

    expect(await ordered.json()).toMatchObject({ ordered: { kind: 'status' }, waiting: 1 })
    expect([hit.status, hit.headers.get('retry-after'), await hit.text()]).toEqual([503, '2', '{"error":"busy"}'])
    expect(well.status).toBe(200)
  })

  test.each([
    [{ kind: 'delay', delayMs: 0 }],
    [{ kind: 'hang' }],
    [{ kind: 'drop-before-answer' }],
    [{ kind: 'drop-mid-stream' }],
    [{ kind: 'refuse-balance' }],
    [{ kind: 'raw-answer', content: '' }],
    [{ kind: 'flood', bytes: 20_000_000 }],
    [{ kind: 'obey' }],
    [{ kind: 'no-usage' }],
    [{ kind: 'bad-usage', usage: null }],
    [{ kind: 'broken-json' }],
    [{ kind: 'wrong-signature' }],
    [{ kind: 'missing-signature' }],
    [{ kind: 'late-signature', misses: 2 }],
    [{ kind: 'replayed-signature' }],
    [{ kind: 'wrong-request-hash' }],
    [{ kind: 'wrong-response-hash' }],
    [{ kind: 'other-text-signature' }],
  ])('know the fault %o', async (fault) => {
    const [, idle] = devnet.providers as [DevnetProvider, DevnetProvider]
    const response = await fetch(`${idle.url}/devnet/faults`, { method: 'POST', body: JSON.stringify(fault) })

    expect(await response.json()).toMatchObject({ ordered: fault })
  })

  test('are told in the docs, with every fault', async () => {
    const docs = await readFile(new URL('../../../../docs/devnet.md', import.meta.url), 'utf8')
    const routes = await readError(await post('nothing'))
    const kinds = await readError(await post('faults', {}))

    const names = [...routes.matchAll(/[A-Z]+ \/devnet\/\w+/g), ...kinds.matchAll(/(?<=one of |, )[a-z-]+/g)].map(
      String,
    )
    expect(names.length).toBeGreaterThan(20)
    expect(names.filter((name) => !docs.includes(`\`${name}\``))).toEqual([])
  })

  test.each([
    ['no JSON', 'the body must be JSON'],
    [[], /^a fault is a JSON object whose "kind" is one of status, delay, hang, .*, other-text-signature$/],
    [{ kind: 'toString' }, /^a fault is a JSON object/],
    [{ kind: 'delay' }, 'the fault "delay" needs the member "delayMs": a whole number from 0 to 600000'],
    [{ kind: 'delay', delayMs: '5' }, /needs the member "delayMs"/],
    [{ kind: 'delay', ms: 5 }, 'the fault "delay" has no member "ms"; besides "kind" it takes delayMs'],
    [{ kind: 'hang', now: true }, 'the fault "hang" has no member "now"; besides "kind" it takes no member'],
    [{ kind: 'status', status: 99 }, /an HTTP status from 200 to 599/],
    [{ kind: 'status', status: 500, headers: { 'x-a': 'b\r\nc: d' } }, /an object of header names and texts/],
  ])('refuse the fault %o and say why', async (fault, reason) => {
    const response = await post('faults', fault)

    expect(response.status).toBe(400)
    expect(await readError(response)).toEqual(typeof reason === 'string' ? reason : expect.stringMatching(reason))
  })

  test('count requests', async () => {
    const { authorization } = await createCustomer(devnet, provider)
    await postChat(provider, authorization)

    const response = await fetch(`${provider.url}/devnet/requests`)

    expect(await response.json()).toEqual(provider.requests)
    expect(provider.requests.chat).toBeGreaterThan(0)
  })

  test('settle now', async () => {
    const { account, authorization } = await createCustomer(devnet, provider)
    await postChat(provider, authorization)
    const fee = String(provider.unsettledFee(account.address))

    const { outcomes } = (await (await post('settle')).json()) as { outcomes: unknown[] }

    expect(outcomes).toContainEqual({
      provider: provider.address,
      user: account.address,
      totalFee: fee,
      paid: fee,
      status: 'success',
    })
    expect(provider.unsettledFee(account.address)).toBe(0n)
  })

  test('fill an account', async () => {
    const address = '0x00000000000000000000000000000000000000bb'

    const response = await post('faucet', { address: address.toUpperCase().replace('X', 'x'), amount: '1.5' })

    expect(await response.json()).toEqual({ address, amount: '1.5' })
    expect(await devnet.publicClient.getBalance({ address })).toBe(parseEther('1.5'))
  })

  test.each([
    [{ address: '0x12', amount: '1' }, /^"address" must be an address/],
    [{ address: `0x${'ab'.repeat(20)}`, amount: 1 }, /^"amount" must be the decimal text/],
    [{ address: `0x${'ab'.repeat(20)}`, amount: '0.0' }, /^"amount" must be the decimal text/],
    [{ address: `0x${'ab'.repeat(20)}`, amount: '-1' }, /^"amount" must be the decimal text/],
    [[], /^"address" must be an address/],
  ])('refuse the gift %o', async (gift, reason) => {
    const response = await post('faucet', gift)

    expect(response.status).toBe(400)
    expect(await readError(response)).toMatch(reason)
  })

  test.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example', '169.254.1.1', 'localhost@evil.example'])(
    'are closed to a request for the host "%s"',
    async (host) => {
      const response = await ask({ host })

      expect(response.status).toBe(403)
      expect(response.body).toContain('only at 127.0.0.1, localhost and [::1]')
    },
  )

  test.each(['localhost', 'localhost:8080', '127.0.0.1:1', '[::1]:5'])('are open to %s', async (host) => {
    expect((await ask({ host })).status).toBe(200)
  })

  test('are closed to web pages, and say nothing about them in CORS headers', async () => {
    const response = await fetch(`${provider.url}/devnet/requests`, { headers: { origin: 'http://localhost:5173' } })

    expect(response.status).toBe(403)
    expect(await readError(response)).toBe('the routes of the devnet are not for web pages')
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('list themselves when asked for another one', async () => {
    const response = await post('nothing')

    expect(response.status).toBe(404)
    expect(await readError(response)).toBe(
      'the devnet has only POST /devnet/faults, GET /devnet/requests, POST /devnet/settle, POST /devnet/faucet',
    )
  })

  /** A GET with a Host header of its own, which `fetch` does not send. */
  function ask(headers: Record<string, string>): Promise<{ status: number | undefined; body: string }> {
    return new Promise((resolve, reject) => {
      request(`${provider.url}/devnet/requests`, { headers }, (response) => {
        text(response).then((body) => resolve({ status: response.statusCode, body }), reject)
      })
        .on('error', reject)
        .end()
    })
  }
})
