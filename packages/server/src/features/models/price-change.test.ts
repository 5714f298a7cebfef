import { inferenceAbi } from '@dreamscape/devnet/contracts/abi'
import { type Devnet, startDevnet } from '@dreamscape/devnet/devnet'
import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { createProviderSpecs } from '@dreamscape/devnet/provider/spec'
import { parseOg } from '@dreamscape/protocol/money'
import { createWalletClient, http } from 'viem'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { openTestDatabases, type TestDatabases } from '../../testing/test-databases.ts'
import { startTestServer } from '../../testing/test-server.ts'

let devnet: Devnet
let databases: TestDatabases
beforeAll(async () => {
  // Providers that trust no earlier reading bill a new price at once.
  devnet = await startDevnet({ accountCacheMs: 0 })
  databases = await openTestDatabases()
})
afterAll(async () => {
  await devnet.close()
  await databases[Symbol.asyncDispose]()
})

test('a price that changes on chain is listed and charged from the next reading on', async () => {
  const network = { devnet, databases, close: async () => {}, [Symbol.asyncDispose]: async () => {} }
  await using server = await startTestServer({ network })
  const [llama] = devnet.providers as [DevnetProvider]
  const user = await server.newUser({ deposit: '3' })
  const before = (await user.analyze(dream, { model: llama.model })).body
  await doublePrices(llama)
  const owed = llama.unsettledFee(user.brokerAddress)

  await server.context.catalogue.refresh()
  const after = (await user.analyze(dream, { model: llama.model })).body

  const { models } = (await server.get('/api/ai/models')).body
  expect(models.find(({ id }: { id: string }) => id === llama.model)).toMatchObject({
    inputPrice: String(llama.inputPrice * 2n),
    outputPrice: String(llama.outputPrice * 2n),
  })
  expect(parseOg(after.cost)).toBe(parseOg(before.cost) * 2n)
  expect(llama.unsettledFee(user.brokerAddress) - owed).toBe(parseOg(after.cost))
})

async function doublePrices(provider: DevnetProvider): Promise<void> {
  const { publicClient, contracts, rpcUrl } = devnet
  const inference = { address: contracts.inference, abi: inferenceAbi } as const
  const spec = createProviderSpecs().find(({ model }) => model === provider.model)
  if (!spec) throw new Error('There is no such provider')
  const service = await publicClient.readContract({
    ...inference,
    functionName: 'getService',
    args: [provider.address],
  })
  const wallet = createWalletClient({ account: spec.wallet, chain: publicClient.chain, transport: http(rpcUrl) })
  const { inputPrice, outputPrice } = service
  const hash = await wallet.writeContract({
    ...inference,
    functionName: 'addOrUpdateService',
    args: [{ ...service, inputPrice: inputPrice * 2n, outputPrice: outputPrice * 2n }],
    gas: 600_000n,
  })
  await publicClient.waitForTransactionReceipt({ hash })
}
