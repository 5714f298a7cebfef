import { randomUUID } from 'node:crypto'
import {
  type Address,
  encodeFunctionData,
  type Hex,
  keccak256,
  type LocalAccount,
  parseAbi,
  parseEther,
  toBytes,
} from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { createChainClients } from '../chain/clients.ts'
import type { Usage } from '../completion/completion.ts'
import type { Devnet } from '../devnet.ts'
import type { DevnetProvider } from '../provider/provider.ts'
import type { SessionToken } from '../provider/session-token.ts'

const ledgerUserAbi = parseAbi([
  'function depositFund() payable',
  'function transferFund(address provider, string serviceName, uint256 amount)',
])

const inferenceUserAbi = parseAbi([
  'function revokeAllTokens(address provider)',
  'function revokeToken(address provider, uint8 tokenId)',
])

export type Customer = { account: LocalAccount; authorization: string }

/** A new user with 100 0G, an account with the provider and a session token for it. */
export async function createCustomer(
  devnet: Devnet,
  provider: DevnetProvider,
  { lockedNeuron = parseEther('2') }: { lockedNeuron?: bigint } = {},
): Promise<Customer> {
  const account = privateKeyToAccount(generatePrivateKey())
  await devnet.faucet(account.address, parseEther('100'))
  await openAccount(devnet, { user: account, provider: provider.address, lockedNeuron })
  return { account, authorization: await createAuthorization(account, provider.address) }
}

type AccountOf = { user: LocalAccount; provider: Address }

/** Opens a ledger and an account with the provider that holds `lockedNeuron`. */
export async function openAccount(
  devnet: Devnet,
  { user, provider, lockedNeuron = parseEther('2') }: AccountOf & { lockedNeuron?: bigint },
): Promise<void> {
  const data = encodeFunctionData({ abi: ledgerUserAbi, functionName: 'depositFund' })
  await send(devnet, user, { to: devnet.contracts.ledger, data, value: parseEther('20') })
  await topUp(devnet, { user, provider, amountNeuron: lockedNeuron })
}

export function topUp(
  devnet: Devnet,
  { user, provider, amountNeuron }: AccountOf & { amountNeuron: bigint },
): Promise<void> {
  const args = [provider, 'inference-v1.0', amountNeuron] as const
  const data = encodeFunctionData({ abi: ledgerUserAbi, functionName: 'transferFund', args })
  return send(devnet, user, { to: devnet.contracts.ledger, data })
}

export function revokeAllTokens(devnet: Devnet, { user, provider }: AccountOf): Promise<void> {
  const data = encodeFunctionData({ abi: inferenceUserAbi, functionName: 'revokeAllTokens', args: [provider] })
  return send(devnet, user, { to: devnet.contracts.inference, data })
}

export function revokeToken(
  devnet: Devnet,
  { user, provider, tokenId }: AccountOf & { tokenId: number },
): Promise<void> {
  const data = encodeFunctionData({ abi: inferenceUserAbi, functionName: 'revokeToken', args: [provider, tokenId] })
  return send(devnet, user, { to: devnet.contracts.inference, data })
}

async function send(
  devnet: Devnet,
  user: LocalAccount,
  transaction: { to: Address; data: Hex; value?: bigint },
): Promise<void> {
  const hash = await createChainClients(devnet.rpcUrl).walletClient(user).sendTransaction(transaction)
  const { status } = await devnet.publicClient.waitForTransactionReceipt({ hash })
  if (status !== 'success') throw new Error(`Transaction ${hash} was reverted`)
}

/** The Authorization header of a fresh ephemeral token, or of one with other members. */
export async function createAuthorization(
  user: LocalAccount,
  provider: Address,
  members: Partial<SessionToken> = {},
): Promise<string> {
  const timestamp = Date.now()
  const rawMessage = JSON.stringify({
    address: user.address,
    provider,
    timestamp,
    expiresAt: timestamp + 3_600_000,
    nonce: randomUUID(),
    generation: 0,
    tokenId: 255,
    ...members,
  })
  return encodeToken(rawMessage, await signRawMessage(user, rawMessage))
}

export async function signRawMessage(user: LocalAccount, rawMessage: string): Promise<Hex> {
  return user.signMessage({ message: { raw: keccak256(toBytes(rawMessage)) } })
}

export function encodeToken(rawMessage: string, signature: string): string {
  return `Bearer app-sk-${Buffer.from(`${rawMessage}|${signature}`).toString('base64')}`
}

type ChatOptions = { text?: string; signal?: AbortSignal } & Record<string, unknown>

/** POSTs a chat completion request of one user message; other options become members of the body. */
export function postChat(
  provider: DevnetProvider,
  authorization: string,
  { text = 'I flew over the sea.', signal, ...members }: ChatOptions = {},
): Promise<Response> {
  return fetch(`${provider.url}/v1/proxy/chat/completions`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ model: provider.model, messages: [{ role: 'user', content: text }], ...members }),
    signal: signal ?? null,
  })
}

/** What a test looks at in a `chat.completion`. */
export async function readChat(response: Response): Promise<{ content: string; finishReason: string; usage: Usage }> {
  const body = (await response.json()) as {
    choices: { message: { content: string }; finish_reason: string }[]
    usage: Usage
  }
  const [choice] = body.choices
  if (!choice) throw new Error('The answer has no choices')
  return { content: choice.message.content, finishReason: choice.finish_reason, usage: body.usage }
}

/** The frames of an SSE stream, parsed; the last one is the string `[DONE]`. */
export async function readStream(response: Response): Promise<unknown[]> {
  const frames = (await response.text()).split('\n\n').filter(Boolean)
  return frames.map((frame) => (frame === 'data: [DONE]' ? '[DONE]' : JSON.parse(frame.replace(/^data: /, ''))))
}

/** What the signature route answers for a response. */
export function getSignature(provider: DevnetProvider, response: Response): Promise<Response> {
  return fetch(`${provider.url}/v1/proxy/signature/${response.headers.get('zg-res-key')}?model=${provider.model}`)
}

/** What a completion costs with this provider. */
export function feeOfUsage(provider: DevnetProvider, usage: Usage): bigint {
  return provider.inputPrice * BigInt(usage.prompt_tokens) + provider.outputPrice * BigInt(usage.completion_tokens)
}

/** The reason given with a refusal. */
export async function readError(response: Response): Promise<string> {
  const { error } = (await response.json()) as { error: string }
  return error
}
