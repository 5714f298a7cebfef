import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { formatOg, parseOg } from '@dreamscape/protocol/money'
import type { StatementEntry } from '@dreamscape/protocol/statement'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sum } from '../../platform/neuron.ts'
import { dream } from '../../testing/dream.ts'
import { expectExactBooks } from '../../testing/expect-exact-books.ts'
import { reconcile } from '../../testing/reconcile.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import type { TestUser } from '../../testing/test-user.ts'
import { carryOn, describeSteps, expectConserved, passLockTime, readHoldings } from '../../testing/withdrawing.ts'
import { createAccountStore } from '../broker/store.ts'

let network: TestNetwork
let server: TestServer
let llama: DevnetProvider
let deepseek: DevnetProvider
beforeAll(async () => {
  network = await startTestNetwork()
  ;[llama, deepseek] = network.devnet.providers as [DevnetProvider, DevnetProvider]
  server = await startTestServer({ network })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await network.close()
})
// A fee that one test has left open is not for the next one to find.
beforeEach(() => network.devnet.settle())

const owed = (user: TestUser) => sum([llama, deepseek].map((provider) => provider.unsettledFee(user.brokerAddress)))

async function withdrawEverything(user: TestUser): Promise<void> {
  await user.withdraw('all')
  await passLockTime(server)
  await carryOn(server)
}

async function listWaived(user: TestUser): Promise<StatementEntry[]> {
  const { entries } = (await user.transactions()).body as { entries: StatementEntry[] }
  return entries.filter(({ kind }) => kind === 'waived')
}

/** Nothing of what a withdrawal does may look like a provider's fraud. */
async function expectNoQuarantine(): Promise<void> {
  expect(await server.rows('quarantine')).toEqual([])
}

describe('everything, from several providers', () => {
  test('comes from all of them in the same steps', async () => {
    const user = await server.newUser({ deposit: '6' })
    await user.analyze(dream, { model: 'llama' })
    await user.analyze(dream, { model: 'deepseek' })
    const before = await readHoldings(server, user)

    await withdrawEverything(user)

    expect(before.locks.size).toBe(2)
    expect(await readHoldings(server, user)).toMatchObject({ total: 0n, wallet: 0n })
    expect(await describeSteps(server, user)).toEqual(['retrieve', 'retrieve', 'refund', 'payout'])
    await expectConserved({ server, user, before })
    const { entries } = (await user.transactions()).body as { entries: StatementEntry[] }
    const retrieves = entries.filter((entry) => entry.kind === 'retrieve')
    expect(retrieves).toHaveLength(2)
    for (const { providers } of retrieves) expect(providers).toEqual([llama.address, deepseek.address].sort())
    await expectNoQuarantine()
  })
})

describe('fees that are settled during the lock time', () => {
  test('are not the user’s any more, and the books know it', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    const before = await readHoldings(server, user)
    const fee = owed(user)
    await user.withdraw('all')

    await network.devnet.settle()
    const { body } = await user.balance()
    await passLockTime(server)
    await carryOn(server)

    expect(body).toMatchObject({ balance: String(before.total - fee), unsettled: '0' })
    expect(await readHoldings(server, user)).toMatchObject({ total: 0n, wallet: 0n })
    await expectConserved({ server, user, before, feesTaken: fee })
    expect(await listWaived(user)).toEqual([])
    expect(await server.rows('sub_account', user)).toMatchObject([{ deposited: fee, charged: fee, reserved: 0n }])
    await expectExactBooks(server, user)
    await expectNoQuarantine()
  })

  test('leave less than an amount that would have taken all: then all is paid', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    const amount = (await user.withdraw('5')).body.largestWithdrawable
    await user.analyze(dream)
    const more = await user.withdraw(amount)
    const largest = more.body.largestWithdrawable
    const before = await readHoldings(server, user)
    await user.withdraw(largest)
    await network.devnet.settle()
    await passLockTime(server)
    await carryOn(server)

    const after = await readHoldings(server, user)
    expect(more.status).toBe(402)
    expect(after.own - before.own).toBe(parseOg(largest))
    expect(after.total).toBe(0n)
  })
})

describe('fees that are open at the end', () => {
  test('are waived, and the balance is nothing', async () => {
    const user = await server.newUser({ deposit: '6' })
    await user.analyze(dream, { model: 'llama' })
    await user.analyze(dream, { model: 'deepseek' })
    const fees = [llama, deepseek].map((provider) => provider.unsettledFee(user.brokerAddress))

    await withdrawEverything(user)

    const waived = await listWaived(user)
    const amounts = waived.map((entry) => ('amount' in entry ? entry.amount : ''))
    expect(amounts.sort()).toEqual(fees.map(formatOg).sort())
    expect(waived[0]).toEqual({
      kind: 'waived',
      id: expect.stringMatching(/^adjustment-\d+$/),
      at: expect.any(String),
      provider: expect.any(String),
      amount: expect.any(String),
    })
    expect((await user.balance()).body).toMatchObject({ balance: '0', unsettled: '0', reserved: '0', spendable: '0' })
    await reconcile(server)
    expect(await listWaived(user)).toEqual(waived)
    await expectNoQuarantine()
  })

  test('may be collected after the user has come back, and the books are exact again', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    const fee = owed(user)
    await withdrawEverything(user)
    await user.fund('4')

    const analysis = await user.analyze(dream)
    await reconcile(server)
    await expectExactBooks(server, user)
    await network.devnet.settle()
    await reconcile(server)

    expect(analysis.status).toBe(200)
    await expectExactBooks(server, user)
    const { total } = await readHoldings(server, user)
    expect(total).toBe(parseOg('4') - fee - parseOg(analysis.body.cost))
    expect((await user.analyze(dream)).status).toBe(200)
    await expectNoQuarantine()
  })

  test('are not claimed back from an empty account, however often reconciliation looks', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    await withdrawEverything(user)
    const [emptied] = await server.rows('sub_account', user)
    // A reading from before, taken together with books from after, has made it due.
    await createAccountStore(server.context.db).markDue({ user: user.address, provider: llama.address })

    await reconcile(server)

    expect(await server.rows('sub_account', user)).toMatchObject([
      { charged: emptied?.charged, slack: emptied?.slack, checked: emptied?.charged },
    ])
    expect((await user.balance()).body).toMatchObject({ balance: '0', unsettled: '0' })
    await user.fund('4')
    expect((await user.analyze(dream)).status).toBe(200)
    await reconcile(server)
    await expectExactBooks(server, user)
    await expectNoQuarantine()
  })

  test('may be collected at once from a user who has come back', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    await withdrawEverything(user)
    await user.fund('4')
    await user.analyze(dream)

    await network.devnet.settle()
    const second = await user.analyze(dream)
    await reconcile(server)

    expect(second.status).toBe(200)
    await expectExactBooks(server, user)
    await expectNoQuarantine()
  })
})

describe('a request of unknown outcome that is open at the end', () => {
  test('holds nothing back and costs nothing', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    llama.order({ kind: 'drop-mid-stream' })
    await user.analyze(dream)
    const before = await readHoldings(server, user)

    await withdrawEverything(user)

    expect(await server.rows('reservation', user)).toMatchObject([{ state: 'charged' }, { state: 'charged', cost: 0n }])
    expect(await readHoldings(server, user)).toMatchObject({ total: 0n, wallet: 0n })
    await expectConserved({ server, user, before })
    expect((await user.balance()).body).toMatchObject({ balance: '0', reserved: '0' })
    await expectNoQuarantine()
  })

  test('may be billed after the user has come back', async () => {
    const user = await server.newUser({ deposit: '4' })
    llama.order({ kind: 'drop-mid-stream' })
    await user.analyze(dream)
    await withdrawEverything(user)
    await user.fund('4')

    await user.analyze(dream)
    await reconcile(server)
    await network.devnet.settle()
    await reconcile(server)

    await expectExactBooks(server, user)
    expect((await user.analyze(dream)).status).toBe(200)
    await expectNoQuarantine()
  })

  test('and was collected, while a smaller fee was not, makes no fraud of that', async () => {
    const user = await server.newUser({ deposit: '4' })
    llama.order({ kind: 'drop-mid-stream' })
    await user.analyze(`${dream} `.repeat(40))
    await network.devnet.settle()
    await user.analyze(dream)
    await withdrawEverything(user)
    await reconcile(server)
    await user.fund('4')

    const analysis = await user.analyze(dream)
    await reconcile(server)
    await network.devnet.settle()
    await reconcile(server)

    expect(analysis.status).toBe(200)
    await expectExactBooks(server, user)
    await expectNoQuarantine()
  })
})
