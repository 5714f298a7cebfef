import type { Hex } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import type { TestUser } from '../../testing/test-user.ts'
import { carryOn, describeSteps, expectConserved, passLockTime, readHoldings } from '../../testing/withdrawing.ts'

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

/** Stores when it was paid: some 22,000 gas beyond that of a plain transfer. */
const thrifty: Hex = '0x425f5500'

/** Writes 20 slots. */
const lavish: Hex = `0x${Array.from({ length: 20 }, (_, slot) => `4260${slot.toString(16).padStart(2, '0')}55`).join('')}00`

const reverting: Hex = '0x5f5ffd'

const setCode = (user: TestUser, bytecode: Hex) =>
  network.devnet.testClient.setCode({ address: user.address, bytecode })

/** Less than this no transfer could take away. */
async function priceOfTransfer(txHash: Hex): Promise<bigint> {
  const { effectiveGasPrice } = await network.devnet.publicClient.getTransactionReceipt({ hash: txHash })
  return 21_000n * effectiveGasPrice
}

describe('a user whose address has code', () => {
  test.each([
    ['a little', thrifty],
    ['much', lavish],
  ])('that uses %s gas is paid everything but less than the gas of one transfer', async (_much, code) => {
    const user = await server.newUser({ deposit: '4' })
    await setCode(user, code)
    const before = await readHoldings(server, user)

    const { status, body } = await user.withdraw('all')

    const after = await readHoldings(server, user)
    expect({ status, state: body.withdrawal.state }).toEqual({ status: 200, state: 'done' })
    expect(after.total).toBe(0n)
    expect(after.wallet).toBeLessThan(await priceOfTransfer(body.withdrawal.txHash))
    await expectConserved({ server, user, before })
  })

  test('that is delegated to (EIP-7702) is paid in part and as a whole', async () => {
    const user = await server.newUser({ deposit: '8' })
    const wallet: Hex = '0x00000000000000000000000000000000decea5ed'
    await network.devnet.testClient.setCode({ address: wallet, bytecode: thrifty })
    await setCode(user, `0xef0100${wallet.slice(2)}`)
    const before = await readHoldings(server, user)

    const part = await user.withdraw('1')
    const whole = await user.withdraw('all')

    expect(part.body.withdrawal).toMatchObject({ state: 'done', paid: '1' })
    expect(whole.body.withdrawal.state).toBe('done')
    expect(await describeSteps(server, user)).toEqual(['refund', 'payout', 'refund', 'payout'])
    await expectConserved({ server, user, before })
  })
})

describe('a user whose address takes no money', () => {
  test('is told so; it stays in the broker wallet, and a new request pays once the address is mended', async () => {
    const user = await server.newUser({ deposit: '4' })
    await setCode(user, reverting)
    const before = await readHoldings(server, user)
    const body = await user.signWithdraw('all')

    const refused = await server.post('/api/broker/withdraw', body)
    const kept = await readHoldings(server, user)
    const again = await server.post('/api/broker/withdraw', body)
    await setCode(user, '0x')
    const replayed = await server.post('/api/broker/withdraw', body)
    const paid = await user.withdraw('all')

    expect(expectProblem(refused, 'payout-failed')).toMatchObject({
      brokerAddress: user.brokerAddress,
      withdrawal: { state: 'failed', paid: null, txHash: null },
    })
    expect(kept).toMatchObject({ own: before.own, total: 0n })
    for (const answer of [again, replayed])
      expect(expectProblem(answer, 'payout-failed').detail).toBe(refused.body.detail)
    expect(paid.body.withdrawal.state).toBe('done')
    expect(await readHoldings(server, user)).toMatchObject({ wallet: 0n, total: 0n })
    await expectConserved({ server, user, before })
  })

  test('only in the moment of payment is told so too, and loses nothing but gas', async () => {
    const user = await server.newUser({ deposit: '4' })
    const before = await readHoldings(server, user)
    let sent = 0
    server.rpc.watch(async (methods) => {
      if (methods.includes('eth_sendRawTransaction') && ++sent === 2) await setCode(user, reverting)
    })

    const refused = await user.withdraw('all')
    server.rpc.watch(async () => {})
    const kept = await readHoldings(server, user)
    await setCode(user, '0x')
    const paid = await user.withdraw('all')

    expectProblem(refused, 'payout-failed')
    expect(kept).toMatchObject({ own: before.own, total: 0n })
    expect(paid.body.withdrawal.state).toBe('done')
    expect(await describeSteps(server, user)).toEqual(['refund', 'payout failed', 'payout'])
    expect(await readHoldings(server, user)).toMatchObject({ wallet: 0n, total: 0n })
    await expectConserved({ server, user, before })
  })

  test('finds that in the statement after a withdrawal that nobody waited for', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    await user.withdraw('all')
    await setCode(user, reverting)
    await passLockTime(server)

    await carryOn(server)

    const { body } = await user.transactions()
    const entry = body.entries.find(({ kind }: { kind: string }) => kind === 'withdrawal')
    expect(entry).toMatchObject({ state: 'failed', waitsFor: null, paid: null })
    expect((await user.balance()).body).toMatchObject({ balance: '0', withdrawal: { current: null } })
    expect((await readHoldings(server, user)).wallet).toBeGreaterThan(0n)
  })

  test('may deposit again what came back to the wallet', async () => {
    const user = await server.newUser({ deposit: '4' })
    await setCode(user, reverting)
    await user.withdraw('all')

    const deposit = await user.requestFund('3')

    expect(deposit).toMatchObject({ status: 200, body: { newBalance: '3' } })
  })
})
