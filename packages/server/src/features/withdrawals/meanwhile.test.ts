import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { formatOg, parseOg } from '@dreamscape/protocol/money'
import { createWalletClient, http } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ledgerManagerAbi } from '../../chain/abis/ledger-manager.ts'
import { dream } from '../../testing/dream.ts'
import { expectExactBooks } from '../../testing/expect-exact-books.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { reconcile } from '../../testing/reconcile.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import type { TestUser } from '../../testing/test-user.ts'
import { carryOn, describeSteps, expectConserved, passLockTime, readHoldings } from '../../testing/withdrawing.ts'

let network: TestNetwork
let server: TestServer
let llama: DevnetProvider
beforeAll(async () => {
  network = await startTestNetwork()
  ;[llama] = network.devnet.providers as [DevnetProvider]
  server = await startTestServer({ network })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await network.close()
})

const sending = 'eth_sendRawTransaction'

/** A user with something locked. */
async function lockedUser() {
  const user = await server.newUser({ deposit: '4' })
  await user.analyze(dream)
  return user
}

async function finish(user: TestUser): Promise<void> {
  await passLockTime(server)
  await carryOn(server)
  expect(await readHoldings(server, user)).toMatchObject({ total: 0n, wallet: 0n })
}

describe('while a withdrawal is open', () => {
  test('analyses and deposits are refused, cost nothing and move nothing', async () => {
    const user = await lockedUser()
    await user.withdraw('all')
    await user.pay(user.brokerAddress, parseOg('5'))
    const before = await readHoldings(server, user)
    const chats = llama.requests.chat

    const answers = [
      await user.analyze(dream),
      await user.analyze(dream, { model: 'deepseek' }),
      await user.requestFund('4'),
    ]

    for (const answer of answers) expectProblem(answer, 'withdrawal-in-progress')
    expect(llama.requests.chat).toBe(chats)
    expect(await readHoldings(server, user)).toEqual(before)
    expect(await describeSteps(server, user)).toEqual(['retrieve'])
    await finish(user)
  })

  test('a request that was refused works after the end, under the same signature', async () => {
    const user = await lockedUser()
    await user.withdraw('all')
    const body = await user.signFund('4')
    const refused = await server.post('/api/broker/fund', body)
    await finish(user)
    await user.pay(user.brokerAddress, parseOg('4.05'))

    const deposit = await server.post('/api/broker/fund', body)

    expectProblem(refused, 'withdrawal-in-progress')
    expect(deposit).toMatchObject({ status: 200, body: { newBalance: '4' } })
    expect((await user.analyze(dream)).status).toBe(200)
  })

  test('they are refused at once, also while a step of it is stuck', async () => {
    const user = await lockedUser()
    server.rpc.loseRequests(sending)
    await user.withdraw('all')

    const answers = [await user.analyze(dream), await user.requestFund('1'), await user.withdraw('1')]
    server.rpc.heal()
    await carryOn(server)

    for (const answer of answers) expectProblem(answer, 'withdrawal-in-progress')
    await finish(user)
  })

  test('nothing is filled up in the background', async () => {
    const user = await lockedUser()
    await user.withdraw('all')
    const provider = llama.address

    // As if an analysis had just run low.
    server.context.funding.refillInBackground(user.address, provider)
    await expect(server.context.funding.ensureUsable(user.address, provider, parseOg('0.2'))).rejects.toMatchObject({
      code: 'withdrawal-in-progress',
    })

    expect(await describeSteps(server, user)).toEqual(['retrieve'])
    await finish(user)
    const kinds = (await server.rows('chain_transaction', user)).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'transfer')).toHaveLength(1)
  })

  test('a deposit that was asked for before is still told about', async () => {
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('4.05'))
    const body = await user.signFund('4')
    const first = await server.post('/api/broker/fund', body)
    await user.analyze(dream)
    await user.withdraw('all')

    const again = await server.post('/api/broker/fund', body)

    expect(again.text).toBe(first.text)
    await finish(user)
  })
})

describe('an analysis in flight when the withdrawal starts', () => {
  test('is answered and charged, and its fee is waived if nobody collects it', async () => {
    const user = await lockedUser()
    const earlier = llama.unsettledFee(user.brokerAddress)
    const before = await readHoldings(server, user)
    const chats = llama.requests.chat
    llama.order({ kind: 'delay', delayMs: 700 })
    const answering = user.analyze(dream)
    await expect.poll(() => llama.requests.chat, { interval: 5 }).toBe(chats + 1)

    const asked = await user.withdraw('all')
    const analysis = await answering
    await finish(user)

    expect(asked.status).toBe(202)
    expect(analysis.status).toBe(200)
    await expectConserved({ server, user, before })
    const { entries } = (await user.transactions()).body
    expect(entries.find(({ kind }: { kind: string }) => kind === 'waived').amount).toBe(
      formatOg(earlier + parseOg(analysis.body.cost)),
    )
  })

  test('that is settled in time is paid for', async () => {
    const user = await lockedUser()
    const chats = llama.requests.chat
    llama.order({ kind: 'delay', delayMs: 700 })
    const answering = user.analyze(dream)
    await expect.poll(() => llama.requests.chat, { interval: 5 }).toBe(chats + 1)
    const before = await readHoldings(server, user)
    await user.withdraw('all')
    await answering
    const feesTaken = llama.unsettledFee(user.brokerAddress)

    await network.devnet.settle()
    await finish(user)
    await reconcile(server)

    await expectConserved({ server, user, before, feesTaken })
    await expectExactBooks(server, user)
    expect(await server.rows('quarantine')).toEqual([])
  })
})

describe('money that somebody else deposits for the account', () => {
  const depositFor = async (user: TestUser, og: string) => {
    const { publicClient, rpcUrl, contracts, userAccounts } = network.devnet
    const [account] = userAccounts
    if (!account) throw new Error('The devnet has no users')
    const wallet = createWalletClient({ account, chain: publicClient.chain, transport: http(rpcUrl) })
    const hash = await wallet.writeContract({
      address: contracts.ledger,
      abi: depositForAbi,
      functionName: 'depositFundFor',
      args: [user.brokerAddress],
      value: parseOg(og),
    })
    await publicClient.waitForTransactionReceipt({ hash })
  }
  const depositForAbi = [
    ...ledgerManagerAbi,
    {
      type: 'function',
      name: 'depositFundFor',
      stateMutability: 'payable',
      inputs: [{ name: 'recipient', type: 'address' }],
      outputs: [],
    },
  ] as const

  test('during the lock time is paid out with the rest', async () => {
    const user = await lockedUser()
    const before = await readHoldings(server, user)
    await user.withdraw('all')

    await depositFor(user, '1')
    await finish(user)

    await expectConserved({ server, user, before: { everything: before.everything + parseOg('1') } })
  })

  test.each([
    ['before the refund is priced', 'eth_estimateGas'],
    ['before the refund is mined', sending],
  ])('in the moment %s is paid out with the rest', async (_when, method) => {
    const user = await server.newUser({ deposit: '4' })
    const before = await readHoldings(server, user)
    let isDone = false
    server.rpc.watch(async (methods) => {
      if (isDone || !methods.includes(method)) return
      isDone = true
      await depositFor(user, '0.5')
    })

    await user.withdraw('all')
    server.rpc.watch(async () => {})
    for (let round = 0; round < 3; round += 1) await carryOn(server)

    expect(await readHoldings(server, user)).toMatchObject({ total: 0n, wallet: 0n })
    await expectConserved({ server, user, before: { everything: before.everything + parseOg('0.5') } })
  })

  test('after the ledger is gone opens a new one, which the next withdrawal takes', async () => {
    const user = await lockedUser()
    await user.withdraw('all')
    await finish(user)
    await depositFor(user, '3')
    await user.pay(user.brokerAddress, parseOg('0.05'))

    const { body } = await user.withdraw('all')

    expect(body.withdrawal.state).toBe('done')
    expect(await readHoldings(server, user)).toMatchObject({ total: 0n, wallet: 0n })
  })
})
