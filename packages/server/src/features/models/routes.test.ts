import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer } from '../../testing/test-server.ts'

let network: TestNetwork
beforeAll(async () => {
  network = await startTestNetwork()
})
afterAll(() => network.close())

describe('GET /api/ai/models', () => {
  test('lists what the providers offer on chain, cheapest first', async () => {
    await using server = await startTestServer({ network })

    const answer = await server.get('/api/ai/models')

    const [llama, deepseek] = network.devnet.providers
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('public, max-age=30')
    expect(answer.body).toEqual({
      models: [
        {
          id: llama?.model,
          name: llama?.model,
          provider: llama?.address,
          costPerQuery: '0.000345',
          features: ['dream-analysis', 'verifiable:TeeML'],
          inputPrice: String(llama?.inputPrice),
          outputPrice: String(llama?.outputPrice),
          verifiability: 'TeeML',
          aliases: ['llama'],
          available: true,
        },
        {
          id: deepseek?.model,
          name: deepseek?.model,
          provider: deepseek?.address,
          costPerQuery: '0.0008',
          features: ['dream-analysis', 'verifiable:TeeML'],
          inputPrice: String(deepseek?.inputPrice),
          outputPrice: String(deepseek?.outputPrice),
          verifiability: 'TeeML',
          aliases: ['deepseek'],
          available: true,
        },
      ],
    })
  })

  test('hides the alias deepseek where it is switched off', async () => {
    await using server = await startTestServer({ network, settings: { ENABLE_DEEPSEEK: false } })
    const user = await server.newUser({ deposit: '4' })

    const { models } = (await server.get('/api/ai/models')).body
    const answer = await user.analyze(dream, { model: 'deepseek' })

    expect(models.map(({ aliases }: { aliases: string[] }) => aliases)).toEqual([['llama'], []])
    expectProblem(answer, 'model-unavailable')
  })

  test('offers only providers on the allow-list, whatever case it is in', async () => {
    const [, deepseek] = network.devnet.providers
    const PROVIDER_ALLOWLIST = [String(deepseek?.address).toLowerCase()]
    await using server = await startTestServer({ network, settings: { PROVIDER_ALLOWLIST } })

    const { models } = (await server.get('/api/ai/models')).body

    expect(models).toMatchObject([{ provider: deepseek?.address }])
  })

  test('offers no provider that is too dear', async () => {
    await using server = await startTestServer({ network, settings: { MAX_PRICE_OUTPUT: 490_000_000_000n } })

    const { models } = (await server.get('/api/ai/models')).body

    expect(models).toMatchObject([{ id: 'llama-3.3-70b-instruct' }])
  })

  test('offers no provider on this machine unless that is allowed', async () => {
    await using server = await startTestServer({ network, settings: { ALLOW_LOOPBACK_PROVIDERS: false } })

    const { models } = (await server.get('/api/ai/models')).body

    expect(models).toEqual([])
  })

  test('rests a provider that failed three times in a row for half a minute', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '4' })
    const [llama] = network.devnet.providers
    const isAvailable = async () => (await server.get('/api/ai/models')).body.models[0].available
    for (const _failure of [1, 2, 3]) {
      llama?.order({ kind: 'status', status: 503 })
      expectProblem(await user.analyze(dream), 'provider-unavailable')
    }

    const whileResting = [await isAvailable(), (await user.analyze(dream)).status]
    server.clock.advance(30_000)
    const rested = [await isAvailable(), (await user.analyze(dream)).status]

    expect(whileResting).toEqual([false, 503])
    expect(rested).toEqual([true, 200])
  })
})
