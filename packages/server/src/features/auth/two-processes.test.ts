import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readChainBooks } from '../../testing/chain-books.ts'
import { dream } from '../../testing/dream.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { howToStartPostgres } from '../../testing/test-databases.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer } from '../../testing/test-server.ts'

let network: TestNetwork
let llama: DevnetProvider
beforeAll(async () => {
  network = await startTestNetwork()
  ;[llama] = network.devnet.providers as [DevnetProvider]
})
afterAll(() => network.close())

describe('two processes on one database', () => {
  test('run an analysis once', async ({ skip }) => {
    if (!network.databases.hasPostgres) skip(howToStartPostgres)
    await using one = await startTestServer({ network, database: 'postgres' })
    await using other = await startTestServer({ network, place: one.place, clock: one.clock })
    const user = await one.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream)
    const chats = llama.requests.chat
    llama.order({ kind: 'delay', delayMs: 100 })

    const answers = await Promise.all([one.post('/api/ai/analyze', body), other.post('/api/ai/analyze', body)])

    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(answers[0]?.text).toBe(answers[1]?.text)
    expect(llama.requests.chat).toBe(chats + 1)
    expect(await one.rows('user_queries', user)).toHaveLength(1)
  })

  test('agree that an answer is lost when its run outlived its lease, and book what it cost', async ({ skip }) => {
    if (!network.databases.hasPostgres) skip(howToStartPostgres)
    await using one = await startTestServer({ network, database: 'postgres' })
    await using other = await startTestServer({ network, place: one.place, clock: one.clock })
    const user = await one.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream)
    const chats = llama.requests.chat
    llama.order({ kind: 'delay', delayMs: 500 })

    const slow = one.post('/api/ai/analyze', body)
    await expect.poll(() => llama.requests.chat, { interval: 5 }).toBe(chats + 1)
    one.clock.advance(181_000)
    const second = await other.post('/api/ai/analyze', body)
    const first = await slow
    const third = await one.post('/api/ai/analyze', body)

    for (const answer of [first, second, third]) expectProblem(answer, 'provider-failed')
    expect(llama.requests.chat).toBe(chats + 1)
    expect(await one.rows('user_queries', user)).toEqual([])
    expect(await one.rows('reservation', user)).toMatchObject([{ state: 'held' }])
    await one.context.reconciliation.run()
    one.clock.advance(120_001)
    await one.context.reconciliation.run()
    const { total, unsettled } = await readChainBooks(network.devnet, user.brokerAddress)
    expect(unsettled).toBeGreaterThan(0n)
    expect(await one.rows('reservation', user)).toMatchObject([{ state: 'charged', cost: unsettled }])
    expect((await user.balance()).body.balance).toBe(String(total - unsettled))
  })

  test('make a deposit once', async ({ skip }) => {
    if (!network.databases.hasPostgres) skip(howToStartPostgres)
    await using one = await startTestServer({ network, database: 'postgres' })
    await using other = await startTestServer({ network, place: one.place, clock: one.clock })
    const user = await one.newUser()
    await user.pay(user.brokerAddress, parseOg('10'))
    const body = await user.signFund('4')

    const answers = await Promise.all([one.post('/api/broker/fund', body), other.post('/api/broker/fund', body)])

    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(answers[0]?.text).toBe(answers[1]?.text)
    expect(await readChainBooks(network.devnet, user.brokerAddress)).toMatchObject({ total: parseOg('4'), nonce: 1 })
  })

  test('send the transactions of one account one after the other', async ({ skip }) => {
    if (!network.databases.hasPostgres) skip(howToStartPostgres)
    await using one = await startTestServer({ network, database: 'postgres' })
    await using other = await startTestServer({ network, place: one.place, clock: one.clock })
    const user = await one.newUser({ deposit: '4' })

    const answers = await Promise.all([
      user.analyze(dream, { model: 'llama' }),
      user.analyze(dream, { model: 'deepseek' }, { server: other }),
      user.analyze(dream, { model: 'llama' }, { server: other }),
    ])

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    const { nonce, total, unsettled } = await readChainBooks(network.devnet, user.brokerAddress)
    expect(nonce).toBe(3)
    expect((await user.balance()).body.balance).toBe(String(total - unsettled))
  })
})
