import { parseEther } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inferenceAbi } from './contracts/abi.ts'
import { type Devnet, startDevnet } from './devnet.ts'
import { createCustomer, postChat, readChat } from './testing/client.ts'
import { isAlive } from './testing/processes.ts'

describe('a devnet', () => {
  let devnet: Devnet
  beforeAll(async () => {
    devnet = await startDevnet({ lockTimeSeconds: 3_600 })
  })
  afterAll(() => devnet.close())

  test('has the contracts where the SDK looks for them on chain 31337', async () => {
    expect(devnet.contracts).toEqual({
      ledger: '0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0',
      inference: '0x0165878A594ca255338adfa4d48449f69242Eb8F',
    })
    expect(await devnet.publicClient.getChainId()).toBe(31337)
    expect(await devnet.publicClient.getCode({ address: devnet.contracts.ledger })).toMatch(/^0x60/)
    expect(await devnet.publicClient.getCode({ address: devnet.contracts.inference })).toMatch(/^0x60/)
  })

  test('has two providers that the owner has acknowledged', async () => {
    const services = await Promise.all(
      devnet.providers.map(({ address }) =>
        devnet.publicClient.readContract({
          address: devnet.contracts.inference,
          abi: inferenceAbi,
          functionName: 'getService',
          args: [address],
        }),
      ),
    )

    expect(services).toMatchObject(
      devnet.providers.map(({ address, url, model, inputPrice, outputPrice, teeSigner }) => ({
        provider: address,
        serviceType: 'chatbot',
        url,
        model,
        verifiability: 'TeeML',
        inputPrice,
        outputPrice,
        additionalInfo: '{"TargetSeparated":false,"ProviderType":"decentralized","TEEVerifier":"dstack"}',
        teeSignerAddress: teeSigner,
        teeSignerAcknowledged: true,
      })),
    )
    expect(services.map(({ model }) => model)).toEqual(['llama-3.3-70b-instruct', 'deepseek-r1-70b'])
  })

  test('takes the lock time it is given', async () => {
    const lockTime = await devnet.publicClient.readContract({
      address: devnet.contracts.inference,
      abi: inferenceAbi,
      functionName: 'lockTime',
    })

    expect(lockTime).toBe(3_600n)
  })

  test.each([3_599, 604_801, 7_200.5, Number.NaN])(
    'refuses a lock time of %d s before anything starts',
    async (seconds) => {
      await expect(startDevnet({ lockTimeSeconds: seconds })).rejects.toThrow(
        `lockTimeSeconds must be a whole number from 3600 (an hour) to 604800 (a week), not ${seconds}`,
      )
    },
  )

  test('fills accounts from its faucet, several times at once', async () => {
    const address = '0x00000000000000000000000000000000000000Aa'

    await Promise.all([1n, 2n, 3n].map((ether) => devnet.faucet(address, parseEther('1') * ether)))

    expect(await devnet.publicClient.getBalance({ address })).toBe(parseEther('6'))
  })

  test('runs beside others in the same process without mixing with them', async () => {
    const devnets = await Promise.all([startDevnet(), startDevnet(), startDevnet()])
    await using _first = devnets[0]
    await using _second = devnets[1]
    await using _third = devnets[2]

    const [first, second] = devnets.map(({ providers }) => providers[0])
    if (!first || !second) throw new Error('A devnet has no provider')
    const customer = await createCustomer(devnets[0], first)

    expect((await readChat(await postChat(first, customer.authorization))).content).toContain('sea')
    expect((await postChat(second, customer.authorization)).status).toBe(400)
    expect(new Set(devnets.map(({ rpcUrl }) => rpcUrl)).size).toBe(3)
  })

  test('says plainly that its port is in use', async () => {
    const rpcPort = Number(new URL(devnet.rpcUrl).port)

    await expect(startDevnet({ rpcPort })).rejects.toThrow(`Port ${rpcPort} is already in use`)
  })

  test('settles by itself when it is told how often', async () => {
    const { promise, resolve } = withResolvers<string>()
    await using devnet = await startDevnet({ settleIntervalMs: 20, onLog: resolve })
    const [provider] = devnet.providers
    if (!provider) throw new Error('The devnet has no provider')
    const { account, authorization } = await createCustomer(devnet, provider)

    await postChat(provider, authorization)

    expect(await promise).toContain(`${provider.address} settled with ${account.address}: success`)
  })
})

describe('a devnet ends', () => {
  test('when it is closed, and leaves neither processes nor servers', async () => {
    const devnet = await startDevnet()
    const urls = [devnet.rpcUrl, ...devnet.providers.map(({ url }) => `${url}/v1/models`)]
    await Promise.all(urls.map((url) => fetch(url))) // leaves keep-alive connections open

    await devnet.close()

    expect(devnet.pids.filter(isAlive)).toEqual([])
    for (const url of urls) await expect(fetch(url)).rejects.toThrow('fetch failed')
  })

  test('only once, however often it is closed', async () => {
    const devnet = await startDevnet()

    await Promise.all([devnet.close(), devnet.close()])

    await expect(devnet.close()).resolves.toBeUndefined()
  })
})

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
