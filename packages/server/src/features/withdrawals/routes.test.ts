import { parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import {
  carryOn,
  describeSteps,
  expectConserved,
  lockTimeMs,
  passLockTime,
  readHoldings,
} from '../../testing/withdrawing.ts'

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

describe('POST /api/broker/withdraw of everything', () => {
  test('pays at once what was never locked, with what is left of the gas money, to the neuron', async () => {
    const user = await server.newUser({ deposit: '4' })
    const before = await readHoldings(server, user)

    const { status, body } = await user.withdraw('all')

    const after = await readHoldings(server, user)
    const { paid, txHash } = body.withdrawal
    expect(status).toBe(200)
    expect(body).toEqual({
      success: true,
      brokerAddress: user.brokerAddress,
      withdrawal: {
        id: expect.stringMatching(/^withdrawal-\d+$/),
        amount: 'all',
        state: 'done',
        waitsFor: null,
        until: null,
        gasShortfall: null,
        paid,
        txHash,
      },
    })
    expect(after).toMatchObject({ total: 0n, wallet: 0n })
    expect(after.own - before.own).toBe(parseOg(paid))
    await expectConserved({ server, user, before })
    expect(await network.devnet.publicClient.getTransaction({ hash: txHash })).toMatchObject({
      from: user.brokerAddress.toLowerCase(),
      to: user.address.toLowerCase(),
      value: parseOg(paid),
      input: '0x',
    })
    expect((await user.balance()).body).toMatchObject({ balance: '0', wallet: '0', withdrawal: { current: null } })
  })

  test('waits for what is locked, tells until when, and then brings all of it', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    const before = await readHoldings(server, user)

    const asked = await user.withdraw('all')
    const { timestamp } = await network.devnet.publicClient.getBlock()
    const { current } = (await user.balance()).body.withdrawal
    await carryOn(server)
    const meanwhile = await readHoldings(server, user)
    await passLockTime(server)
    await carryOn(server)

    const until = new Date(Number(timestamp) * 1_000 + lockTimeMs).toISOString()
    expect(asked).toMatchObject({
      status: 202,
      body: { withdrawal: { state: 'open', waitsFor: 'lock-time', until, paid: null, txHash: null } },
    })
    expect(current).toEqual(asked.body.withdrawal)
    expect(meanwhile).toMatchObject({ own: before.own, total: before.total, locked: before.locked })
    expect(await readHoldings(server, user)).toMatchObject({ total: 0n, wallet: 0n, locked: 0n })
    await expectConserved({ server, user, before })
    expect(await describeSteps(server, user)).toEqual(['retrieve', 'retrieve', 'refund', 'payout'])
    expect((await user.balance()).body).toMatchObject({
      balance: '0',
      wallet: '0',
      unsettled: '0',
      reserved: '0',
      withdrawal: { current: null },
    })
  })

  test('is refused for an account that holds nothing', async () => {
    const user = await server.newUser()

    const answer = await user.withdraw('all')

    expect(expectProblem(answer, 'insufficient-funds')).toMatchObject({
      largestWithdrawable: '0',
      brokerAddress: user.brokerAddress,
      chainId: 31337,
    })
    expect(await server.rows('withdrawal', user)).toEqual([])
  })

  test('does not begin for what would not pay its own way out', async () => {
    const user = await server.newUser()
    await user.pay(user.brokerAddress, 1_000n)

    const answer = await user.withdraw('all')

    expectProblem(answer, 'insufficient-funds')
    expect(await server.rows('withdrawal', user)).toEqual([])
  })

  test('leaves an account behind that works again', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    await user.withdraw('all')
    await passLockTime(server)
    await carryOn(server)

    const tooLittle = await user.fund('2')
    const deposit = await user.fund('3')
    const analysis = await user.analyze(dream)

    expectProblem(tooLittle, 'invalid-request')
    expect(deposit).toMatchObject({ status: 200, body: { newBalance: '3' } })
    expect(analysis.status).toBe(200)
  })
})
