import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { expectExactBooks } from '../../testing/expect-exact-books.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer } from '../../testing/test-server.ts'

let network: TestNetwork
let llama: DevnetProvider
beforeAll(async () => {
  network = await startTestNetwork()
  ;[llama] = network.devnet.providers as [DevnetProvider]
})
afterAll(() => network.close())

describe('a provider that refuses', () => {
  test.each([
    ['503', { kind: 'status', status: 503 }],
    ['429', { kind: 'status', status: 429, headers: { 'retry-after': '7' } }],
    ['400', { kind: 'status', status: 400 }],
    ['401 twice', { kind: 'status', status: 401 }],
    ['a balance that is there twice', { kind: 'refuse-balance' }],
  ] as const)('with %s costs nothing and holds nothing', async (what, fault) => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order(fault)
    if (what.endsWith('twice')) llama.order(fault)

    const answer = await user.analyze(dream)

    expectProblem(answer, 'provider-unavailable')
    for (const row of await server.rows('reservation', user)) expect(row).toMatchObject({ state: 'released', cost: 0n })
    expect(await server.rows('sub_account', user)).toMatchObject([{ reserved: 0n, charged: 0n }])
    expect(await server.rows('user_queries', user)).toEqual([])
    await expectExactBooks(server, user)
  })

  test.each([
    ['7', '7'],
    ['0', '1'],
    ['999999999', '300'],
    ['soon', '10'],
  ])('and says to come back after %s is believed within reason: %s', async (told, passedOn) => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order({ kind: 'status', status: 429, headers: { 'retry-after': told } })

    const answer = await user.analyze(dream)

    expectProblem(answer, 'provider-unavailable')
    expect(answer.headers.get('retry-after')).toBe(passedOn)
  })

  test('for a balance once is asked again', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order({ kind: 'refuse-balance' })

    const answer = await user.analyze(dream)

    expect(answer.status).toBe(200)
    expect(await server.rows('user_queries', user)).toHaveLength(1)
    await expectExactBooks(server, user)
  })

  test('an old session token once is given a new one', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order({ kind: 'status', status: 401 })

    const answer = await user.analyze(dream)

    expect(answer.status).toBe(200)
    await expectExactBooks(server, user)
  })
})
