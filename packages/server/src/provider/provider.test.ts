import { createHash } from 'node:crypto'
import { type Devnet, startDevnet } from '@dreamscape/devnet/devnet'
import { createWalletClient, http, type LocalAccount, parseAbi, parseEther } from 'viem'
import { expect, test } from 'vitest'
import { createSignatureVerifier } from '../platform/signature/verifier.ts'
import { createChatClient } from './chat.ts'
import { buildChatBody } from './chat-body.ts'
import { createProviderAgent, isAcceptableProviderUrl } from './guarded-agent.ts'
import { fetchResponseSignature } from './response-signature.ts'
import { expectedSigner } from './service-info.ts'
import { createSessionToken } from './session-token.ts'
import { fetchUnsettledFee } from './unsettled-fee.ts'
import { verifyResponse } from './verify-response.ts'

const verifier = await createSignatureVerifier()

test('a provider of the devnet answers, signs these very bytes and bills by its usage', async () => {
  await using devnet = await startDevnet()
  await using owned = disposable(createProviderAgent({ allowLoopback: true }))
  const { agent } = owned
  const { baseUrl, bearer, provider, signal, user } = await createCustomer(devnet)
  const body = buildChatBody({ model: provider.model, messages: [dream], maxTokens: 400 })

  const outcome = await createChatClient({ agent }).chat({ baseUrl, bearer, body, signal, maxResponseBytes: 1_000_000 })
  if (outcome.state !== 'answered' || !outcome.usage || !outcome.chatId) throw new Error('Not answered in full')
  const { usage, chatId, responseHash } = outcome
  const signed = await fetchResponseSignature({ agent, baseUrl, chatId, model: provider.model, signal })
  const requestHash = createHash('sha256').update(body).digest('hex')
  const signer = expectedSigner({ additionalInfo: '{}', teeSignerAddress: provider.teeSigner })
  const verdict = verifyResponse({ verifier, signed, signer, requestHash, responseHash })
  const unsettled = await fetchUnsettledFee({ agent, baseUrl, bearer, user: user.address, signal })

  expect(outcome.content).not.toBe('')
  expect(verdict.verification).toBe('content')
  const { inputPrice, outputPrice } = provider
  expect(unsettled).toBe(BigInt(usage.promptTokens) * inputPrice + BigInt(usage.completionTokens) * outputPrice)
})

test('a provider of the devnet refuses a token of another generation', async () => {
  await using devnet = await startDevnet()
  await using owned = disposable(createProviderAgent({ allowLoopback: true }))
  const { agent } = owned
  const { provider, ...customer } = await createCustomer(devnet, { generation: 1 })
  const body = buildChatBody({ model: provider.model, messages: [dream], maxTokens: 400 })

  const outcome = await createChatClient({ agent }).chat({ ...customer, body, maxResponseBytes: 1_000_000 })

  expect(outcome).toMatchObject({ state: 'refused', status: 400, reason: 'token' })
  expect(provider.unsettledFee(customer.user.address)).toBe(0n)
})

test('a provider of the devnet refuses who has nothing left above its minimum', async () => {
  await using devnet = await startDevnet()
  await using owned = disposable(createProviderAgent({ allowLoopback: true }))
  const { agent } = owned
  const { chat } = createChatClient({ agent })
  const { provider, ...customer } = await createCustomer(devnet, { amountNeuron: parseEther('1') })
  const body = buildChatBody({ model: provider.model, messages: [dream], maxTokens: 400 })

  const first = await chat({ ...customer, body, maxResponseBytes: 1_000_000 })
  const second = await chat({ ...customer, body, maxResponseBytes: 1_000_000 })

  expect(first).toMatchObject({ state: 'answered' })
  expect(second).toMatchObject({ state: 'refused', status: 400, reason: 'balance' })
})

const dream = { role: 'user', content: 'I was flying over a <red> door & fell' } as const

const ledgerAbi = parseAbi([
  'function depositFund() payable',
  'function transferFund(address provider, string serviceName, uint256 amount)',
])

async function createCustomer(devnet: Devnet, { generation = 0, amountNeuron = parseEther('2') } = {}) {
  const provider = devnet.providers[0]
  const user = devnet.userAccounts[0]
  if (!provider || !user) throw new Error('The devnet has no provider or no user')
  await openAccount(devnet, { user, provider: provider.address, amountNeuron })
  const { bearer } = await createSessionToken({
    user: user.address,
    provider: provider.address,
    generation,
    nowMs: Date.now(),
    lifetimeMs: 60_000,
    sign: (raw) => user.signMessage({ message: { raw } }),
  })
  const baseUrl = isAcceptableProviderUrl(provider.url, { allowLoopback: true }) ?? ''
  return { provider, user, bearer, baseUrl, signal: AbortSignal.timeout(20_000) }
}

async function openAccount(
  devnet: Devnet,
  { user, provider, amountNeuron }: { user: LocalAccount; provider: `0x${string}`; amountNeuron: bigint },
) {
  const wallet = createWalletClient({ account: user, transport: http(devnet.rpcUrl) })
  const ledger = { address: devnet.contracts.ledger, abi: ledgerAbi, chain: null }
  const deposit = await wallet.writeContract({ ...ledger, functionName: 'depositFund', value: parseEther('5') })
  await devnet.publicClient.waitForTransactionReceipt({ hash: deposit })
  const args = [provider, 'inference-v1.0', amountNeuron] as const
  const transfer = await wallet.writeContract({ ...ledger, functionName: 'transferFund', args })
  await devnet.publicClient.waitForTransactionReceipt({ hash: transfer })
}

function disposable(agent: ReturnType<typeof createProviderAgent>) {
  return { agent, [Symbol.asyncDispose]: () => agent.destroy() }
}
