import { createHash } from 'node:crypto'
import { formatOg, parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readChainBooks } from '../../testing/chain-books.ts'
import { dream } from '../../testing/dream.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import { exitReserve } from '../funding/gas-reserve.ts'

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

describe('POST /api/ai/analyze', () => {
  test('answers with the analysis, its price and its proof', async () => {
    const user = await server.newUser({ deposit: '4' })
    const [llama] = network.devnet.providers

    const answer = await user.analyze(dream, { model: 'llama', level: 2 })

    expect(answer).toMatchObject({
      status: 200,
      body: {
        success: true,
        analysis: { interpretation: expect.stringContaining('sea'), symbols: expect.arrayContaining(['sea']) },
        model: llama?.model,
        provider: llama?.address,
        verification: 'content',
        receipt: { signer: llama?.teeSigner, chatId: expect.any(String) },
        contextUsed: 0,
        level: 2,
      },
    })
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('x-request-id')).toBe(answer.body.requestId)
  })

  test('charges to the neuron what the provider bills', async () => {
    const user = await server.newUser({ deposit: '4' })

    const { body } = await user.analyze(dream)

    const { unsettled } = await readChainBooks(network.devnet, user.brokerAddress)
    expect(parseOg(body.cost)).toBe(unsettled)
    expect(parseOg(body.remainingBalance)).toBe(parseOg('4') - unsettled)
    expect((await user.balance()).body.formatted).toBe(body.remainingBalance)
  })

  test('locks 1.1 OG for a provider on its first use and no more on its second', async () => {
    const user = await server.newUser({ deposit: '4' })

    await user.analyze(dream)
    await user.analyze(dream)

    const { locks, available, nonce } = await readChainBooks(network.devnet, user.brokerAddress)
    expect([...locks.values()]).toEqual([parseOg('1.1')])
    expect(available).toBe(parseOg('2.9'))
    expect(nonce).toBe(2)
  })

  test('pays a second provider from the same deposit', async () => {
    const user = await server.newUser({ deposit: '4' })
    const [llama, deepseek] = network.devnet.providers

    const first = await user.analyze(dream, { model: 'llama' })
    const second = await user.analyze(dream, { model: 'deepseek' })

    expect([first.body.provider, second.body.provider]).toEqual([llama?.address, deepseek?.address])
    const { locks, total, unsettled } = await readChainBooks(network.devnet, user.brokerAddress)
    expect(locks).toEqual(
      new Map([
        [llama?.address, parseOg('1.1')],
        [deepseek?.address, parseOg('1.1')],
      ]),
    )
    expect(parseOg(second.body.remainingBalance)).toBe(total - unsettled)
  })

  test('leaves the gas for leaving in the wallet', async () => {
    const user = await server.newUser({ deposit: '4' })

    await user.analyze(dream, { model: 'llama' })
    await user.analyze(dream, { model: 'deepseek' })

    const { wallet } = await readChainBooks(network.devnet, user.brokerAddress)
    expect(wallet).toBeGreaterThan(exitReserve(await network.devnet.publicClient.getGasPrice()))
  })

  test.each([
    ['the alias llama', 'llama', 'llama-3.3-70b-instruct'],
    ['the alias deepseek', 'deepseek', 'deepseek-r1-70b'],
    ['a model id', 'deepseek-r1-70b', 'deepseek-r1-70b'],
    ['no model', undefined, 'llama-3.3-70b-instruct'],
  ])('takes %s', async (_what, model, expected) => {
    const user = await server.newUser({ deposit: '4' })

    const { body } = await user.analyze(dream, model ? { model } : undefined)

    expect(body.model).toBe(expected)
    expect(body.level).toBe(1)
  })

  test('takes the cheapest model when the default one is on no provider', async () => {
    await using server = await startTestServer({ network, settings: { DEFAULT_MODEL: 'no-such-model' } })
    const user = await server.newUser({ deposit: '4' })

    const { body } = await user.analyze(dream)

    expect(body.model).toBe('llama-3.3-70b-instruct')
  })

  test('writes more on a higher level', async () => {
    const user = await server.newUser({ deposit: '4' })

    const low = await user.analyze(dream, { level: 1 })
    const high = await user.analyze(dream, { level: 7 })

    expect(high.body.usage.outputTokens).toBeGreaterThan(low.body.usage.outputTokens)
  })

  test('hands out the bytes that the receipt hashes, when asked', async () => {
    const user = await server.newUser({ deposit: '4' })
    const sha256 = (base64: string) => createHash('sha256').update(Buffer.from(base64, 'base64')).digest('hex')

    const { receipt } = (await user.analyze(dream, { receipt: 'full' })).body

    expect(sha256(receipt.request)).toBe(receipt.requestHash)
    expect(sha256(receipt.response)).toBe(receipt.responseHash)
    expect(receipt.signedText).toBe(`${receipt.requestHash}:${receipt.responseHash}`)
  })

  test('ignores fields it does not know', async () => {
    const user = await server.newUser({ deposit: '4' })

    const answer = await user.analyze(dream, { model: 'llama', mood: 'calm' }, { fields: { colour: 'blue' } })

    expect(answer.status).toBe(200)
  })

  test('notes what was paid for analytics, exact and rounded, and nothing of the dream', async () => {
    const user = await server.newUser({ deposit: '4' })

    const { body } = await user.analyze(dream)

    const [row, ...others] = await server.rows('user_queries', user)
    expect(others).toEqual([])
    expect(row).toEqual({
      id: expect.any(Number),
      address: user.address,
      query_type: 'dream-analysis',
      model_used: body.model,
      provider: body.provider,
      request_id: body.requestId,
      cost_neuron: parseOg(body.cost),
      cost_og: Number(body.cost).toFixed(6),
      input_tokens: body.usage.inputTokens,
      output_tokens: body.usage.outputTokens,
      verification: 'content',
      response_time_ms: 0,
      created_at: new Date(server.clock.now()),
    })
  })

  test('asks the chain nothing and the provider twice once the account is warm', async () => {
    // One of its own, because an older one refreshes what it knows every half minute.
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '4' })
    const [llama] = network.devnet.providers
    await user.analyze(dream)
    const before = { ...llama?.requests }
    server.rpc.forget()

    await user.analyze(dream)
    await user.analyze(dream)

    expect(server.rpc.calls()).toEqual([])
    expect(llama?.requests).toEqual({
      ...before,
      chat: Number(before.chat) + 2,
      signature: Number(before.signature) + 2,
    })
  })

  test('fills up a sub-account that runs low, ahead of need', async () => {
    const user = await server.newUser({ deposit: '4' })
    const long = 'water '.repeat(3_300)
    let spent = 0n

    while (spent < parseOg('0.05')) spent += parseOg((await user.analyze(long, { model: 'deepseek' })).body.cost)
    await server.restart()

    const { locks, unsettled } = await readChainBooks(network.devnet, user.brokerAddress)
    expect(formatOg([...locks.values()][0] ?? 0n)).toBe(formatOg(parseOg('1.1') + unsettled))
  })

  test('lets two analyses of one account at once pay one each', async () => {
    const user = await server.newUser({ deposit: '4' })

    const answers = await Promise.all([user.analyze(dream), user.analyze(dream)])

    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    const { unsettled, nonce } = await readChainBooks(network.devnet, user.brokerAddress)
    const costs = answers.map(({ body }) => parseOg(body.cost))
    expect(costs.reduce((sum, cost) => sum + cost, 0n)).toBe(unsettled)
    expect(nonce).toBe(2)
  })
})
