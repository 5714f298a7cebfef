import { createHash } from 'node:crypto'
import { recoverMessageAddress } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createChainClients } from '../chain/clients.ts'
import { inferenceAbi } from '../contracts/abi.ts'
import { type Devnet, startDevnet } from '../devnet.ts'
import { createCustomer, feeOfUsage, getSignature, postChat, readChat, readStream } from '../testing/client.ts'
import type { DevnetProvider } from './provider.ts'
import { registrationGas } from './registration.ts'
import type { ResponseSignature } from './response-signature.ts'
import { createProviderSpecs } from './spec.ts'

describe('a chat completion', () => {
  let devnet: Devnet
  let llama: DevnetProvider
  let deepseek: DevnetProvider
  beforeAll(async () => {
    devnet = await startDevnet({ accountCacheMs: 0 })
    ;[llama, deepseek] = devnet.providers as [DevnetProvider, DevnetProvider]
  })
  afterAll(() => devnet.close())

  test('is billed by its usage at the price on chain', async () => {
    const { account, authorization } = await createCustomer(devnet, llama)

    const { content, usage } = await readChat(await postChat(llama, authorization, { text: 'A wolf in the snow.' }))

    expect(usage).toEqual({
      prompt_tokens: 5,
      completion_tokens: Math.ceil(Buffer.byteLength(content) / 4),
      total_tokens: 5 + Math.ceil(Buffer.byteLength(content) / 4),
    })
    expect(llama.unsettledFee(account.address)).toBe(feeOfUsage(llama, usage))
  })

  test('follows a change of the price on chain', async () => {
    const { account, authorization } = await createCustomer(devnet, deepseek)
    await changePrices(devnet, { inputPrice: 7n, outputPrice: 11n })

    const { usage } = await readChat(await postChat(deepseek, authorization))

    expect(deepseek.unsettledFee(account.address)).toBe(
      7n * BigInt(usage.prompt_tokens) + 11n * BigInt(usage.completion_tokens),
    )
  })

  test.each([{ stream: false }, { stream: true }])(
    'is signed over the raw bytes of both bodies: %o',
    async (members) => {
      const { authorization } = await createCustomer(devnet, llama)
      const body = JSON.stringify({ messages: [{ role: 'user', content: 'A key.' }], model: llama.model, ...members })

      const response = await fetch(`${llama.url}/v1/proxy/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization },
        body,
      })

      const received = Buffer.from(await response.arrayBuffer())
      const { text, signature, ...rest } = (await (await getSignature(llama, response)).json()) as ResponseSignature
      expect(text).toBe(`${sha256(Buffer.from(body))}:${sha256(received)}`)
      expect(await recoverMessageAddress({ message: text, signature })).toBe(llama.teeSigner)
      expect(rest).toEqual({ signing_address: llama.teeSigner, signing_algo: 'ecdsa' })
    },
  )

  test('streams its content in several chunks, then the usage, then [DONE]', async () => {
    const { account, authorization } = await createCustomer(devnet, llama)

    const frames = await readStream(await postChat(llama, authorization, { stream: true }))

    const chunks = frames.slice(0, -1) as {
      choices: { delta: { content?: string }; finish_reason: string | null }[]
      usage?: Parameters<typeof feeOfUsage>[1]
    }[]
    const content = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')
    const usage = chunks.at(-1)?.usage
    expect(frames.at(-1)).toBe('[DONE]')
    expect(chunks.length).toBeGreaterThan(5)
    expect(content).toContain('flying')
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop')
    expect(chunks.at(-1)?.choices).toEqual([])
    expect(usage && feeOfUsage(llama, usage)).toBe(llama.unsettledFee(account.address))
  })

  test.each(['max_tokens', 'max_completion_tokens'])('is cut at %s', async (limit) => {
    const { authorization } = await createCustomer(devnet, llama)

    const { content, finishReason, usage } = await readChat(await postChat(llama, authorization, { [limit]: 7 }))

    expect(Buffer.byteLength(content)).toBeLessThanOrEqual(28)
    expect(finishReason).toBe('length')
    expect(usage.completion_tokens).toBe(7)
  })

  test('costs a client that hangs up the full output', async () => {
    const { account, authorization } = await createCustomer(devnet, llama)
    llama.order({ kind: 'flood', bytes: 4_000_000 })
    const hangUp = new AbortController()

    const response = await postChat(llama, authorization, { stream: true, signal: hangUp.signal })
    await response.body?.getReader().read()
    hangUp.abort()

    expect(llama.unsettledFee(account.address)).toBeGreaterThanOrEqual(llama.outputPrice * 1_000_000n)
  })

  test('of the reasoning model begins with its thoughts', async () => {
    const { authorization } = await createCustomer(devnet, deepseek)

    const { content } = await readChat(await postChat(deepseek, authorization))

    expect(content).toMatch(/^<think>\n.+\n<\/think>\n\n\S/s)
  })
})

async function changePrices(devnet: Devnet, prices: { inputPrice: bigint; outputPrice: bigint }): Promise<void> {
  const deepseek = devnet.providers[1]
  const wallet = createProviderSpecs()[1]?.wallet
  if (!deepseek || !wallet) throw new Error('There is no second provider')
  const service = await devnet.publicClient.readContract({
    address: devnet.contracts.inference,
    abi: inferenceAbi,
    functionName: 'getService',
    args: [deepseek.address],
  })
  const hash = await createChainClients(devnet.rpcUrl)
    .walletClient(wallet)
    .writeContract({
      address: devnet.contracts.inference,
      abi: inferenceAbi,
      functionName: 'addOrUpdateService',
      args: [{ ...service, ...prices }],
      gas: registrationGas,
    })
  const { status } = await devnet.publicClient.waitForTransactionReceipt({ hash })
  expect(status).toBe('success')
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
