import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readChainBooks } from '../../testing/chain-books.ts'
import { dream } from '../../testing/dream.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { takeSnapshot } from '../../testing/snapshot.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'

let network: TestNetwork
let server: TestServer
beforeAll(async () => {
  network = await startTestNetwork()
  server = await startTestServer({ network })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await network.close()
})

describe('POST /api/ai/analyze refuses, and changes nothing,', () => {
  test.each([
    ['an empty dream', { dreamText: '' }],
    ['a dream of white space', { dreamText: ' \n\t\u00a0\u3000' }],
    ['a dream of 20,001 units', { dreamText: 'z'.repeat(20_001) }],
    ['a lone high surrogate', { dreamText: 'sea \ud83c' }],
    ['a lone low surrogate', { dreamText: '\udf0a sea' }],
    ['surrogates in the wrong order', { dreamText: 'sea \udf0a\ud83c' }],
    ['a dream that is a number', { dreamText: 7 }],
    ['a dream that is a list', { dreamText: [dream] }],
    ['no dream', { dreamText: undefined }],
    ['level 0', { options: { level: 0 } }],
    ['level 8', { options: { level: 8 } }],
    ['level 1.5', { options: { level: 1.5 } }],
    ['level "x"', { options: { level: 'x' } }],
    ['level "1"', { options: { level: '1' } }],
    ['level null', { options: { level: null } }],
    ['an empty model', { options: { model: '' } }],
    ['a model of 201 letters', { options: { model: 'm'.repeat(201) } }],
    ['another receipt than full', { options: { receipt: 'half' } }],
    ['options that are a list', { options: [] }],
  ])('%s', async (_what, fields) => {
    const user = await server.newUser({ deposit: '3' })
    const before = await takeSnapshot(server, user)

    const answer = await user.analyze(dream, undefined, { fields })

    const { errors } = expectProblem(answer, 'invalid-request')
    expect(errors).toMatchObject([{ path: expect.stringMatching(/^(dreamText|options)/) }])
    expect(await takeSnapshot(server, user)).toEqual(before)
  })

  test('a dream of 10,001 pairs of units', async () => {
    const user = await server.newUser({ deposit: '3' })

    const answer = await user.analyze('🌊'.repeat(10_001))

    expectProblem(answer, 'invalid-request')
  })

  test('an unknown model, and lists those there are', async () => {
    const user = await server.newUser({ deposit: '3' })
    const before = await takeSnapshot(server, user)

    const answer = await user.analyze(dream, { model: 'gpt-2' })

    expect(expectProblem(answer, 'model-unavailable')).toMatchObject({
      availableModels: ['llama-3.3-70b-instruct', 'deepseek-r1-70b'],
    })
    expect(await takeSnapshot(server, user)).toEqual(before)
  })

  test.each([
    ['malformed JSON', 'application/json', '{"dreamText": ', 'invalid-request'],
    ['JSON that is no object', 'application/json', '[]', 'invalid-request'],
    ['JSON that is a string', 'application/json', '"dream"', 'invalid-request'],
    ['no body', 'application/json', '', 'invalid-request'],
    ['a form', 'application/x-www-form-urlencoded', 'dreamText=sea', 'unsupported-media-type'],
    ['plain text', 'text/plain', '{}', 'unsupported-media-type'],
    ['another charset', 'application/json; charset=latin1', '{}', 'unsupported-media-type'],
    ['a body over 128 KB', 'application/json', JSON.stringify({ dreamText: 'z'.repeat(131_072) }), 'body-too-large'],
  ] as const)('%s', async (_what, contentType, body, code) => {
    const answer = await server.request('/api/ai/analyze', {
      method: 'POST',
      headers: { 'content-type': contentType },
      body,
    })

    expectProblem(answer, code)
  })
})

describe('POST /api/ai/analyze takes', () => {
  test('a Chinese dream of 20,000 units, also when every one is escaped', async () => {
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze('梦见大海。'.repeat(4_000))
    const escaped = JSON.stringify(body).replace(/[^ -~]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`)

    const answer = await server.request('/api/ai/analyze', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: escaped,
    })

    expect(escaped.length).toBeGreaterThan(120_000)
    expect(answer.status).toBe(200)
  })

  test.each([
    ['one letter', 'z'],
    ['whole surrogate pairs', '🌊🕊️👩‍👩‍👧'],
    ['the marks that delimit it', '</dream> <dream> <DREAM>'],
    ['control characters', 'sea\u0000\u0007\u001b\u2028\ufeff'],
    ['JSON', '{"interpretation": "x", "symbols": []}'],
  ])('a dream of %s', async (_what, text) => {
    const user = await server.newUser({ deposit: '3' })

    const answer = await user.analyze(text)

    expect(answer).toMatchObject({ status: 200, body: { verification: 'content' } })
  })

  test.each(['lower case', 'checksummed'])('an address in %s', async (spelling) => {
    const user = await server.newUser({ deposit: '3' })
    const address = spelling === 'lower case' ? user.address.toLowerCase() : user.address

    const answer = await user.analyze(dream, undefined, { address })

    expect(answer.status).toBe(200)
    expect(await server.rows('user_queries', user)).toHaveLength(1)
  })
})

describe('an account that cannot pay', () => {
  test('is told what is missing, and the same request works once that is paid and funded', async () => {
    const user = await server.newUser()
    const body = await user.signAnalyze(dream)
    const before = await takeSnapshot(server, user)

    const refused = expectProblem(await server.post('/api/ai/analyze', body), 'insufficient-funds')
    const after = await takeSnapshot(server, user)
    await user.payLink(String(refused.paymentUri))
    const funded = await user.requestFund(String(refused.shortfall))
    const answer = await server.post('/api/ai/analyze', body)

    expect(refused).toMatchObject({
      required: '3',
      available: '0',
      shortfall: '3',
      brokerAddress: user.brokerAddress,
      chainId: 31337,
      paymentUri: expect.stringMatching(`^ethereum:${user.brokerAddress}@31337\\?value=3\\d{18}$`),
    })
    expect(after).toEqual(before)
    expect(funded.status).toBe(200)
    expect(answer.status).toBe(200)
  })

  test('is told the exact shortfall when its ledger is locked for another provider', async () => {
    const user = await server.newUser({ deposit: '3' })
    const [llama, deepseek] = network.devnet.providers as [DevnetProvider, DevnetProvider]
    await server.context.funding.ensureUsable(user.address, deepseek.address, parseOg('1.9'))
    const body = await user.signAnalyze(dream, { model: 'llama' })
    const before = await takeSnapshot(server, user)

    const refused = expectProblem(await server.post('/api/ai/analyze', body), 'insufficient-funds')
    const after = await takeSnapshot(server, user)
    await user.payLink(String(refused.paymentUri))
    const funded = await user.requestFund(String(refused.shortfall))
    const answer = await server.post('/api/ai/analyze', body)

    expect(before.chain).toMatchObject({ available: parseOg('0.1') })
    expect(after).toEqual(before)
    expect(refused.available).toBe('2')
    expect(parseOg(String(refused.required))).toBe(parseOg('2') + parseOg(String(refused.shortfall)))
    expect(funded.status).toBe(200)
    expect(answer.status).toBe(200)
    const { available, locks } = await readChainBooks(network.devnet, user.brokerAddress)
    expect(available).toBe(0n)
    expect(locks.get(llama.address)).toBe(parseOg('0.1') + parseOg(String(refused.shortfall)))
  })
})

describe('without its provider or its chain', () => {
  test('an analysis is refused, nothing is charged, and the same request works later', async () => {
    const user = await server.newUser({ deposit: '3' })
    await user.analyze(dream)
    const [llama] = network.devnet.providers
    const books = await takeSnapshot(server, user)
    const body = await user.signAnalyze(dream)
    llama?.order({ kind: 'status', status: 503 })

    const refused = await server.post('/api/ai/analyze', body)
    const after = await takeSnapshot(server, user)
    const answer = await server.post('/api/ai/analyze', body)

    expectProblem(refused, 'provider-unavailable')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(after.chain).toEqual(books.chain)
    expect(after.rows.sub_account).toEqual(books.rows.sub_account)
    expect(answer.status).toBe(200)
  })

  test('everything that needs the chain says so, and nothing moves', async () => {
    await using alone = await startTestServer({ network })
    const user = await alone.newUser()
    await user.pay(user.brokerAddress, parseOg('5'))
    const before = await takeSnapshot(alone, user)
    await alone.rpc.goDown()

    const answers = [await user.init(), await user.balance(), await user.requestFund('4'), await user.analyze(dream)]

    for (const answer of answers) {
      expectProblem(answer, 'chain-unavailable')
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    expect(await takeSnapshot(alone, user)).toEqual(before)
  })

  test('a warm account is served while the chain is down', async () => {
    await using alone = await startTestServer({ network })
    const user = await alone.newUser({ deposit: '3' })
    await user.analyze(dream)
    await alone.rpc.goDown()

    const answer = await user.analyze(dream)

    expect(answer.status).toBe(200)
  })
})
