import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { encodeFunctionData, parseAbi, parseEther } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createChainClients } from '../chain/clients.ts'
import { deployer } from '../chain/network.ts'
import { type Devnet, startDevnet } from '../devnet.ts'
import {
  createAuthorization,
  createCustomer,
  openAccount,
  postChat,
  readError,
  revokeAllTokens,
  revokeToken,
  topUp,
} from '../testing/client.ts'
import type { DevnetProvider } from './provider.ts'
import { ensureAcknowledged } from './registration.ts'
import { createProviderSpecs } from './spec.ts'

const session = 'Provider proxy: handle proxied service, validate session: '
const request = 'Provider proxy: handle proxied service, validate request: '

let devnet: Devnet
let provider: DevnetProvider
let other: DevnetProvider
beforeAll(async () => {
  devnet = await startDevnet()
  ;[provider, other] = devnet.providers as [DevnetProvider, DevnetProvider]
})
afterAll(() => devnet.close())

describe('a provider asked with a bad token answers 400', () => {
  test.each([
    [
      'malformed',
      'Bearer sk-123',
      'missing or invalid Authorization header, must be Bearer app-sk-<base64(rawMessage:signature)>',
    ],
    ['not base64', 'Bearer app-sk-%%%', 'invalid base64 in session token'],
  ])('when it is %s', async (_what, authorization, reason) => {
    const response = await postChat(provider, authorization)

    expect(response.status).toBe(400)
    expect(await readError(response)).toBe(session + reason)
  })

  test('when it is expired', async () => {
    const { account } = await createCustomer(devnet, provider)
    const timestamp = Date.now() - 10_000
    const expired = await createAuthorization(account, provider.address, { timestamp, expiresAt: timestamp + 5_000 })

    const response = await postChat(provider, expired)

    expect(response.status).toBe(400)
    expect(await readError(response)).toBe(`${session}session token expired`)
  })

  test('when it is for another provider', async () => {
    const { authorization } = await createCustomer(devnet, provider)

    const response = await postChat(other, authorization)

    expect(response.status).toBe(400)
    expect(await readError(response)).toBe(`${session}session token is for different provider`)
  })

  test('when all tokens were revoked, and takes one of the new generation at once', async () => {
    const { account, authorization } = await createCustomer(devnet, provider)
    expect((await postChat(provider, authorization)).status).toBe(200) // the account is now known to the provider
    await revokeAllTokens(devnet, { user: account, provider: provider.address })

    const renewed = await postChat(provider, await createAuthorization(account, provider.address, { generation: 1 }))
    const old = await postChat(provider, authorization)

    expect(renewed.status).toBe(200)
    expect(old.status).toBe(400)
    expect(await readError(old)).toBe(`${session}session token has been revoked (generation expired)`)
  })

  test('when this one API key was revoked', async () => {
    const { account } = await createCustomer(devnet, provider)
    const key = { tokenId: 3, expiresAt: 0 }
    await revokeToken(devnet, { user: account, provider: provider.address, tokenId: 3 })

    const revoked = await postChat(provider, await createAuthorization(account, provider.address, key))
    const kept = await postChat(provider, await createAuthorization(account, provider.address, { ...key, tokenId: 4 }))

    expect(await readError(revoked)).toBe(`${session}session token has been revoked`)
    expect(kept.status).toBe(200)
  })
})

describe('a provider refuses to work', () => {
  test('for a user without an account, until there is one', async () => {
    const user = privateKeyToAccount(generatePrivateKey())
    await devnet.faucet(user.address, parseEther('100'))
    const authorization = await createAuthorization(user, provider.address)

    const before = await postChat(provider, authorization)
    await openAccount(devnet, { user, provider: provider.address })
    const after = await postChat(provider, authorization)

    expect(before.status).toBe(400)
    expect(await readError(before)).toBe(`${request}get account from contract, account not exist: ${user.address}`)
    expect(after.status).toBe(200)
  })

  test('when less than 1 0G stays locked besides the unsettled fees, until it is topped up', async () => {
    const lockedNeuron = parseEther('1')
    const { account, authorization } = await createCustomer(devnet, provider, { lockedNeuron })

    const first = await postChat(provider, authorization) // exactly 1 0G is enough
    const refused = await postChat(provider, authorization)
    await topUp(devnet, { user: account, provider: provider.address, amountNeuron: parseEther('1') })
    const afterTopUp = await postChat(provider, authorization)

    expect([first.status, refused.status, afterTopUp.status]).toEqual([200, 400, 200])
    expect(await readError(refused)).toMatch(
      /^Provider proxy: handle proxied service, validate request: insufficient balance: your locked balance is 1\.000000 0G, but the required minimum is 1\.0000\d\d 0G \(breakdown: minimum reserve 1\.000000 0G \+ unsettled fees 0\.0000\d\d 0G \+ current request fee 0\.000000 0G\)\. Please add more funds with: /,
    )
  })

  test('while the owner has not acknowledged its signer', async () => {
    const { authorization } = await createCustomer(devnet, other)
    const clients = createChainClients(devnet.rpcUrl)
    const data = encodeFunctionData({
      abi: parseAbi(['function revokeTEESignerAcknowledgement(address provider)']),
      args: [other.address],
    })
    await clients.walletClient(deployer).sendTransaction({ to: devnet.contracts.inference, data })

    const refused = await postChat(other, authorization)
    const [, spec] = createProviderSpecs()
    if (!spec) throw new Error('There is no second provider')
    await ensureAcknowledged(clients, spec)
    const accepted = await postChat(other, authorization)

    expect(await readError(refused)).toBe(`${request}service not acknowledge the tee signer`)
    expect(accepted.status).toBe(200)
  })

  test('on more than 32 MB', async () => {
    const { authorization } = await createCustomer(devnet, provider)

    const response = await postChat(provider, authorization, { text: 'a'.repeat(32 * 1024 * 1024) })

    expect(response.status).toBe(413)
    expect(await readError(response)).toBe('Request body size exceeds the maximum allowed size of 32MB')
  })

  test.each(['no JSON', '{"messages":[]}', '{"messages":["hi"]}'])('on the body %s', async (body) => {
    const { authorization } = await createCustomer(devnet, provider)

    const url = `${provider.url}/v1/proxy/chat/completions`
    const response = await fetch(url, { method: 'POST', headers: { authorization }, body })

    expect(response.status).toBe(400)
    expect(await readError(response)).toContain('invalid request body')
  })
})

describe('the other routes', () => {
  test('tell a user its own unsettled fee and nobody else’s', async () => {
    const { account, authorization } = await createCustomer(devnet, provider)
    const ask = (address: string) =>
      fetch(`${provider.url}/v1/user/${address}/unsettledfee`, { headers: { authorization } })
    await postChat(provider, authorization)

    const own = await ask(account.address.toLowerCase())
    const foreign = await ask(deployer.address)

    expect(await own.json()).toEqual({
      userAddress: account.address,
      unsettledFee: String(provider.unsettledFee(account.address)),
    })
    expect(foreign.status).toBe(403)
    expect(await readError(foreign)).toBe('you can only query your own unsettled fee')
  })

  test('list the model with its prices and call it what it is', async () => {
    const response = await fetch(`${provider.url}/v1/models`)

    expect(await response.json()).toMatchObject({
      object: 'list',
      data: [
        {
          id: 'llama-3.3-70b-instruct',
          description: expect.stringContaining('dream reader'),
          pricing: { prompt: '100000000000', completion: '490000000000' },
        },
      ],
    })
  })

  test('quote the signer', async () => {
    const quote = (await (await fetch(`${provider.url}/v1/quote`)).json()) as { report_data: string }

    expect(Buffer.from(quote.report_data, 'base64').toString()).toBe(provider.teeSigner)
  })

  test('do not know the signature of an unknown chat', async () => {
    const response = await fetch(`${provider.url}/v1/proxy/signature/unknown`)

    expect(response.status).toBe(400)
    expect(await readError(response)).toMatch(/Chat id not found or expired, chat_id_not_found$/)
  })

  test('let browsers in and show them the chat id', async () => {
    const response = await fetch(`${provider.url}/v1/proxy/chat/completions`, { method: 'OPTIONS' })

    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-expose-headers')).toContain('ZG-Res-Key')
  })

  test.each(['/v1/proxy/models', '/v1/proxy/chat/completions', '/'])('do not exist at GET %s', async (path) => {
    const response = await fetch(provider.url + path)

    expect(response.status).toBe(400)
    expect(await readError(response)).toContain('unsupported endpoint: endpoint not supported')
  })

  test('survive a path that is no path', async () => {
    const { port } = new URL(provider.url)
    const socket = connect(Number(port), '127.0.0.1').end('GET // HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')

    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /)
  })

  test('count their requests', async () => {
    const before = { ...other.requests }

    await fetch(`${other.url}/v1/models`)
    await fetch(`${other.url}/v1/quote`)
    await fetch(`${other.url}/v1/nothing`)

    expect(other.requests).toEqual({
      ...before,
      models: before.models + 1,
      quote: before.quote + 1,
      unsupported: before.unsupported + 1,
    })
  })
})
