import { parseEther } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inferenceAbi } from '../contracts/abi.ts'
import { type Devnet, startDevnet } from '../devnet.ts'
import { createCustomer, postChat } from '../testing/client.ts'
import type { DevnetProvider } from './provider.ts'

describe('a settlement', () => {
  let devnet: Devnet
  let provider: DevnetProvider
  beforeAll(async () => {
    devnet = await startDevnet()
    ;[provider] = devnet.providers as [DevnetProvider]
  })
  afterAll(() => devnet.close())

  const balanceOf = async (user: `0x${string}`) => {
    const { address, abi, functionName } = {
      address: devnet.contracts.inference,
      abi: inferenceAbi,
      functionName: 'getAccount',
    } as const
    const account = await devnet.publicClient.readContract({
      address,
      abi,
      functionName,
      args: [user, provider.address],
    })
    return account.balance
  }

  test('pays what there is and leaves the rest owed', async () => {
    const { account, authorization } = await createCustomer(devnet, provider, { lockedNeuron: parseEther('1') })
    provider.order({ kind: 'flood', bytes: 9_000_000 })
    await (await postChat(provider, authorization)).text()
    const owed = provider.unsettledFee(account.address)

    const outcomes = await provider.settle()

    expect(owed).toBeGreaterThan(parseEther('1'))
    expect(outcomes.find(({ user }) => user === account.address)).toMatchObject({
      status: 'partial',
      totalFee: owed,
      paid: parseEther('1'),
    })
    expect(provider.unsettledFee(account.address)).toBe(owed - parseEther('1'))
    expect(await balanceOf(account.address)).toBe(0n)
  })

  test('charges each request once, however many settlements run at a time', async () => {
    const { account, authorization } = await createCustomer(devnet, provider)
    await postChat(provider, authorization)
    const owed = provider.unsettledFee(account.address)

    await Promise.all([provider.settle(), devnet.settle(), provider.settle()])
    await postChat(provider, authorization)
    await Promise.all([provider.settle(), provider.settle()])

    expect(provider.unsettledFee(account.address)).toBe(0n)
    expect(await balanceOf(account.address)).toBe(parseEther('2') - 2n * owed)
  })

  test('leaves owed what is finished while it runs', async () => {
    const { account, authorization } = await createCustomer(devnet, provider)
    await postChat(provider, authorization)
    const fee = provider.unsettledFee(account.address)

    const [outcomes] = await Promise.all([provider.settle(), postChat(provider, authorization)])

    const paid = outcomes.find(({ user }) => user === account.address)?.paid ?? 0n
    expect(provider.unsettledFee(account.address) + paid).toBe(2n * fee)
    expect(await balanceOf(account.address)).toBe(parseEther('2') - paid)
  })

  test('takes more users than fit in one transaction', async () => {
    await using crowded = await startDevnet()
    const [busy] = crowded.providers as [DevnetProvider]
    const customers = []
    for (let index = 0; index < 51; index++) customers.push(await createCustomer(crowded, busy))
    await Promise.all(customers.map(({ authorization }) => postChat(busy, authorization)))

    const outcomes = await busy.settle()

    expect(outcomes.filter(({ status }) => status === 'success')).toHaveLength(51)
    expect(customers.every(({ account }) => busy.unsettledFee(account.address) === 0n)).toBe(true)
  })

  test('of nothing sends no transaction', async () => {
    await using idle = await startDevnet()
    const before = await idle.publicClient.getBlockNumber()

    expect(await idle.settle()).toEqual([])

    expect(await idle.publicClient.getBlockNumber()).toBe(before)
  })
})
