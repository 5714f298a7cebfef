import { messages } from '@dreamscape/protocol/identity'
import { parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import { describeSteps, passLockTime, readHoldings } from '../../testing/withdrawing.ts'

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

const path = '/api/broker/withdraw'

describe('a withdrawal is refused', () => {
  test.each([
    '0',
    '0.0',
    '-1',
    '1e3',
    ' 1',
    '1.',
    '01',
    'ALL',
    'everything',
    '',
    '0.0000000000000000001',
    '1'.repeat(80),
  ])('with the amount "%s"', async (amount) => {
    const user = await server.newUser()

    const answer = await user.withdraw(amount)

    expectProblem(answer, 'invalid-request')
  })

  test('with an amount that is not a text, or none', async () => {
    const user = await server.newUser()

    for (const amount of [1, null, undefined, { og: '1' }]) {
      expectProblem(await user.withdraw('1', { fields: { amount } }), 'invalid-request')
    }
  })

  test('with a signature for another chain, another amount, another purpose, or of somebody else', async () => {
    const [user, stranger] = await Promise.all([server.newUser({ deposit: '4' }), server.newUser()])
    const call = { address: user.address, timestamp: server.clock.now(), amount: '1', chainId: 31337 }
    const before = await readHoldings(server, user)

    const answers = [
      await user.withdraw('1', { ...call, message: messages.withdraw({ ...call, chainId: 16661 }) }),
      await user.withdraw('1', { ...call, message: messages.withdraw({ ...call, amount: '2' }) }),
      await user.withdraw('1', { ...call, message: messages.withdraw({ ...call, amount: 'all' }) }),
      await user.withdraw('1.0', { ...call, message: messages.withdraw(call) }),
      await user.withdraw('1', { ...call, message: messages.fund(call) }),
      await user.withdraw('1', { ...call, signer: stranger.account }),
      await user.withdraw('1', { ...call, signer: stranger.account, message: messages.withdraw(call) }),
      await user.withdraw('all', { fields: { amount: '1' } }),
    ]

    for (const answer of answers) expectProblem(answer, 'signature-invalid')
    expect(await readHoldings(server, user)).toEqual(before)
    expect(await server.rows('withdrawal', user)).toEqual([])
  })

  test('with a signature that is too old', async () => {
    const user = await server.newUser({ deposit: '4' })

    const answer = await user.withdraw('all', { timestamp: server.clock.now() - 300_001 })

    expect(expectProblem(answer, 'signature-expired')).toMatchObject({ serverTime: server.clock.now() })
  })

  test('without a signature', async () => {
    const user = await server.newUser({ deposit: '4' })

    const answer = await server.post(path, { address: user.address, amount: 'all', timestamp: server.clock.now() })

    expectProblem(answer, 'invalid-request')
  })

  test('while another one is under way', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    const first = await user.withdraw('all')

    const answers = [await user.withdraw('all'), await user.withdraw('0.5')]

    for (const answer of answers) expectProblem(answer, 'withdrawal-in-progress')
    expect((await user.balance()).body.withdrawal.current).toEqual(first.body.withdrawal)
    expect(await server.rows('withdrawal', user)).toHaveLength(1)
  })
})

describe('the same signed request', () => {
  test('sent again pays nothing a second time', async () => {
    const user = await server.newUser({ deposit: '8' })
    const body = await user.signWithdraw('1')
    const first = await server.post(path, body)
    const after = await readHoldings(server, user)

    const again = await server.post(path, body)

    expect(again.text).toBe(first.text)
    expect(await readHoldings(server, user)).toEqual(after)
    expect(await describeSteps(server, user)).toEqual(['refund', 'payout'])
  })

  test('sent many times at once pays once', async () => {
    const user = await server.newUser({ deposit: '8' })
    const before = await readHoldings(server, user)
    const body = await user.signWithdraw('1')

    const answers = await Promise.all(Array.from({ length: 8 }, () => server.post(path, body)))

    for (const { status, text } of answers) expect({ status, text }).toEqual({ status: 200, text: answers[0]?.text })
    expect((await readHoldings(server, user)).own - before.own).toBe(parseOg('1'))
  })

  test('tells how it stands while it is open, and how it ended, also a day later', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    const body = await user.signWithdraw('all')
    const first = await server.post(path, body)

    const open = await server.post(path, body)
    await passLockTime(server)
    server.clock.advance(23 * 3_600_000)
    const ended = await server.post(path, body)
    const again = await server.post(path, body)

    expect(open).toMatchObject({ status: 202, body: first.body })
    expect(ended).toMatchObject({ status: 200, body: { withdrawal: { id: first.body.withdrawal.id, state: 'done' } } })
    expect(again.text).toBe(ended.text)
    expect(await server.rows('withdrawal', user)).toHaveLength(1)
    expect(await describeSteps(server, user)).toEqual(['retrieve', 'retrieve', 'refund', 'payout'])
  })

  test('after another one has been opened tells of its own', async () => {
    const user = await server.newUser({ deposit: '8' })
    const body = await user.signWithdraw('1')
    const first = await server.post(path, body)
    const analysis = await user.analyze(dream)
    const second = await user.withdraw('all')

    const again = await server.post(path, body)

    // What the withdrawal has left in the wallet is enough to go on with.
    expect(analysis.status).toBe(200)
    expect(again.text).toBe(first.text)
    expect((await user.balance()).body.withdrawal.current).toEqual(second.body.withdrawal)
  })

  test('is bound to its text: what is not signed changes nothing, and what is signed cannot change', async () => {
    const user = await server.newUser({ deposit: '4' })
    const body = await user.signWithdraw('1')
    const first = await server.post(path, body)

    const answer = await server.post(path, { ...body, memo: 'once more' })

    expect(answer.text).toBe(first.text)
    for (const changed of [
      { amount: '2' },
      { timestamp: body.timestamp + 1 },
      { address: user.address.toLowerCase() },
    ]) {
      expectProblem(await server.post(path, { ...body, ...changed }), 'signature-invalid')
    }
  })
})
