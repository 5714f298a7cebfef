import { encodeFunctionData } from 'viem'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import { carryOn, describeSteps, expectConserved, passLockTime, readHoldings } from '../../testing/withdrawing.ts'

// A provider leaves this network for good, so nothing else may use it.
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

const removeServiceAbi = [
  { type: 'function', name: 'removeService', stateMutability: 'nonpayable', inputs: [], outputs: [] },
] as const

/** Users with money locked for both providers, who were there before the cheaper one left. */
async function leftBehind(count: number) {
  const users = []
  for (let number = 0; number < count; number += 1) {
    const user = await server.newUser({ deposit: '6' })
    await user.analyze(dream, { model: 'llama' })
    await user.analyze(dream, { model: 'deepseek' })
    users.push({ user, before: await readHoldings(server, user) })
  }
  return users
}

async function removeService(): Promise<void> {
  const { testClient, publicClient, providers, contracts } = network.devnet
  const [llama] = providers
  if (!llama) throw new Error('The devnet has no provider')
  await testClient.impersonateAccount({ address: llama.address })
  const hash = await testClient.sendUnsignedTransaction({
    from: llama.address,
    to: contracts.inference,
    data: encodeFunctionData({ abi: removeServiceAbi, functionName: 'removeService' }),
  })
  await publicClient.waitForTransactionReceipt({ hash })
  await server.context.catalogue.refresh()
}

/** The contract does not take the next transaction that is tried on it. */
async function refuseOnce(): Promise<void> {
  const { testClient, publicClient, contracts } = network.devnet
  const address = contracts.ledger
  const code = (await publicClient.getCode({ address })) ?? '0x'
  let tries = 0
  server.rpc.watch(async (methods) => {
    if (tries > 0) await testClient.setCode({ address, bytecode: code })
    if (!methods.includes('eth_estimateGas')) return
    tries += 1
    if (tries === 1) await testClient.setCode({ address, bytecode: '0x5f5ffd' })
  })
}

test('a provider that is gone keeps nobody’s money, and nobody from cancelling', async () => {
  const [leaver, waverer, denied] = await leftBehind(3)
  if (!leaver || !waverer || !denied) throw new Error('There are three')
  await waverer.user.withdraw('all')
  await denied.user.withdraw('all')
  await removeService()

  await leaver.user.withdraw('all')
  const cancelled = await waverer.user.cancelWithdrawal()
  await refuseOnce()
  const partly = await denied.user.cancelWithdrawal()
  server.rpc.watch(async () => {})
  await passLockTime(server)
  await carryOn(server)

  expect(await readHoldings(server, leaver.user)).toMatchObject({ total: 0n, wallet: 0n })
  await expectConserved({ server, ...leaver })
  expect(cancelled.body.withdrawal.state).toBe('cancelled')
  expect(await describeSteps(server, waverer.user)).toEqual(['retrieve', 'restore', 'restore'])
  // What the contract does not take back stays asked back, and the withdrawal is turned back all the same.
  expect(partly.body.withdrawal.state).toBe('cancelled')
  expect(await describeSteps(server, denied.user)).toEqual(['retrieve', 'restore'])
  expect((await denied.user.analyze(dream, { model: 'deepseek' })).status).toBe(200)
  await denied.user.withdraw('all')
  await passLockTime(server)
  await carryOn(server)
  expect(await readHoldings(server, denied.user)).toMatchObject({ total: 0n, wallet: 0n })
  await expectConserved({ server, ...denied })
  expect(await server.rows('quarantine')).toEqual([])
})
