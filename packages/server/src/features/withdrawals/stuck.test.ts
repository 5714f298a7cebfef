import { parseOg } from '@dreamscape/protocol/money'
import type { Hex } from 'viem'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ceilingOf, termsOf } from '../../chain/broker-signer.ts'
import { dream } from '../../testing/dream.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { type Row, startTestServer, type TestServer } from '../../testing/test-server.ts'
import type { TestUser } from '../../testing/test-user.ts'
import { carryOn, describeSteps, expectConserved, listSteps, readHoldings } from '../../testing/withdrawing.ts'

// These tests stop the chain from mining, so nothing else may use it.
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
beforeEach(() => setBaseFee(10n ** 9n))
afterEach(() => network.devnet.testClient.setAutomine(true))

async function setBaseFee(baseFeePerGas: bigint): Promise<void> {
  await network.devnet.testClient.setNextBlockBaseFeePerGas({ baseFeePerGas })
  await network.devnet.testClient.mine({ blocks: 1 })
}

/** Blocks are made by hand from the transaction number `index` on. */
function stopMiningAt(index: number): void {
  let sent = 0
  server.rpc.watch(async (methods) => {
    if (!methods.includes('eth_sendRawTransaction')) return
    if (sent === index) await network.devnet.testClient.setAutomine(false)
    sent += 1
  })
}

async function newestStep(user: TestUser): Promise<Row> {
  const step = (await listSteps(server, user)).at(-1)
  if (!step) throw new Error('There is no step yet')
  return step
}

async function attemptsOf({ id }: Row): Promise<Row[]> {
  const rows = await server.rows('transaction_attempt')
  return rows.filter((row) => row.transaction_id === id)
}

async function stayStuck(): Promise<void> {
  server.clock.advance(30_000)
  await carryOn(server)
}

/** A block whose price the newest step does not pay. */
async function outprice(user: TestUser): Promise<void> {
  const { raw } = await newestStep(user)
  await setBaseFee(ceilingOf(termsOf(raw as Hex).fees) * 2n)
}

describe('a payout of everything that no block takes', () => {
  test('is not offered for more, because nothing is left to pay that with, says so, and is mined once the price has fallen', async () => {
    const user = await server.newUser({ deposit: '4' })
    const before = await readHoldings(server, user)
    stopMiningAt(1)
    const asked = await user.withdraw('all')
    server.rpc.watch(async () => {})
    await outprice(user)

    await stayStuck()
    await stayStuck()
    const attempts = await attemptsOf(await newestStep(user))
    const { current } = (await user.balance()).body.withdrawal
    await setBaseFee(10n ** 9n)
    // What the node has dropped meanwhile it is sent again.
    await carryOn(server)
    await network.devnet.testClient.mine({ blocks: 1 })
    await carryOn(server)

    expect(asked).toMatchObject({ status: 202, body: { withdrawal: { state: 'open', waitsFor: 'transaction' } } })
    expect(current).toEqual({
      ...asked.body.withdrawal,
      waitsFor: 'gas',
      gasShortfall: expect.stringMatching(/^0\.\d+$/),
    })
    expect(attempts).toHaveLength(1)
    expect(await describeSteps(server, user)).toEqual(['refund', 'payout'])
    expect(await readHoldings(server, user)).toMatchObject({ total: 0n, wallet: 0n })
    await expectConserved({ server, user, before })
  })

  test('is offered for more when somebody sends gas money, and pays the same amount once', async () => {
    const user = await server.newUser({ deposit: '4' })
    stopMiningAt(1)
    await user.withdraw('all')
    server.rpc.watch(async () => {})
    await outprice(user)
    await network.devnet.faucet(user.brokerAddress, parseOg('0.1'))
    const { own } = await readHoldings(server, user)

    await stayStuck()
    const payout = await newestStep(user)
    await network.devnet.testClient.mine({ blocks: 1 })
    await carryOn(server)

    expect(await attemptsOf(payout)).toHaveLength(2)
    expect(await describeSteps(server, user)).toEqual(['refund', 'payout'])
    expect((await readHoldings(server, user)).own - own).toBe(payout.amount)
    expect(await server.rows('withdrawal', user)).toMatchObject([{ state: 'done' }])
  })
})

test('a step that no block takes is offered for more, and taken once', async () => {
  const user = await server.newUser({ deposit: '4' })
  await user.analyze(dream)
  const before = await readHoldings(server, user)
  stopMiningAt(0)
  await user.withdraw('all')
  server.rpc.watch(async () => {})

  await stayStuck()
  const attempts = await attemptsOf(await newestStep(user))
  await network.devnet.testClient.mine({ blocks: 1 })
  await network.devnet.testClient.setAutomine(true)
  await carryOn(server)

  expect(attempts).toHaveLength(2)
  expect(await describeSteps(server, user)).toEqual(['retrieve'])
  expect((await user.balance()).body.withdrawal.current).toMatchObject({ state: 'open', waitsFor: 'lock-time' })
  await expectConserved({ server, user, before })
})

test('a withdrawal that is cancelled while its first step is stuck is turned back once that is mined', async () => {
  const user = await server.newUser({ deposit: '4' })
  await user.analyze(dream)
  const before = await readHoldings(server, user)
  stopMiningAt(0)
  await user.withdraw('all')
  server.rpc.watch(async () => {})
  const cancelling = await user.cancelWithdrawal()

  await network.devnet.testClient.mine({ blocks: 1 })
  await network.devnet.testClient.setAutomine(true)
  await carryOn(server)

  expect(cancelling).toMatchObject({ status: 202, body: { withdrawal: { state: 'cancelling' } } })
  expect(await describeSteps(server, user)).toEqual(['retrieve', 'restore'])
  await expectConserved({ server, user, before })
})
