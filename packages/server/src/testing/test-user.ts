import type { Devnet } from '@dreamscape/devnet/devnet'
import { messages } from '@dreamscape/protocol/identity'
import { formatOg, parseOg } from '@dreamscape/protocol/money'
import { type Address, createWalletClient, getAddress, http, type PrivateKeyAccount } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import type { Context } from '../context.ts'
import type { TestClock } from './test-clock.ts'
import type { Answer } from './test-server.ts'

/** What a user needs to know of a server. */
export type Home = {
  devnet: Devnet
  clock: TestClock
  context: Pick<Context, 'broker' | 'chainId'>
  request: (path: string, init?: RequestInit) => Promise<Answer>
}

/** How a call differs from what an honest wallet sends. */
export type Overrides = {
  /** Signed and sent; one millisecond after the call before when left out. */
  timestamp?: number
  /** The spelling that is signed and sent. */
  address?: string
  /** Who signs, in place of the user. */
  signer?: PrivateKeyAccount
  /** What is signed, in place of the agreed text. */
  message?: string
  /** Sent in place of what the signer made. */
  signature?: string
  /** Sent in place of, or beside, the other fields; `undefined` leaves one out. Not signed. */
  fields?: Record<string, unknown>
  headers?: Record<string, string>
  /** Where it is sent, in place of the server that the user was made on. */
  server?: Home
}

export type TestUser = Awaited<ReturnType<typeof createTestUser>>

const walletOg = '100'

/** More than any deposit asks for gas. */
const gasOg = '0.05'

export async function createTestUser(home: Home, { deposit }: { deposit?: string }) {
  const { devnet, clock } = home
  const privateKey = generatePrivateKey()
  const account = privateKeyToAccount(privateKey)
  const { address } = account
  await devnet.faucet(address, parseOg(walletOg))

  async function sign(overrides: Overrides, textOf: (call: { address: string; timestamp: number }) => string) {
    clock.advance(1)
    const call = { address: overrides.address ?? address, timestamp: overrides.timestamp ?? clock.now() }
    const { signer = account, message = textOf(call) } = overrides
    return { ...call, signature: overrides.signature ?? (await signer.signMessage({ message })) }
  }

  function post(path: string, body: object, { headers, fields, server = home }: Overrides): Promise<Answer> {
    return server.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ ...body, ...fields }),
    })
  }

  type Signed = Awaited<ReturnType<typeof sign>>

  function get(path: string, signed: Signed, { headers, query = '', server = home }: Overrides & { query?: string }) {
    const proof = { 'x-signature': signed.signature, 'x-timestamp': String(signed.timestamp) }
    return server.request(path + signed.address + query, { headers: { ...proof, ...headers } })
  }

  /** A transfer from the user's own wallet. */
  async function pay(to: Address, value: bigint): Promise<void> {
    const wallet = createWalletClient({ account, chain: devnet.publicClient.chain, transport: http(devnet.rpcUrl) })
    const hash = await wallet.sendTransaction({ to, value })
    await devnet.publicClient.waitForTransactionReceipt({ hash })
  }

  const user = {
    privateKey,
    account,
    address,
    /** As the server derives it, which is fixed by a vector of its own. */
    get brokerAddress(): Address {
      return home.context.broker.brokerAddress(address)
    },
    pay,

    /** What a wallet does with an ERC-681 link. */
    async payLink(link: string): Promise<void> {
      const [, to, value] = /^ethereum:(0x\w{40})@31337\?value=(\d+)$/.exec(link) ?? []
      if (!to || !value) throw new Error(`No wallet opens ${link}`)
      await pay(getAddress(to), BigInt(value))
    },

    init: async (overrides: Overrides = {}) =>
      post('/api/broker/init', await sign(overrides, messages.init), overrides),

    /** The body of a Fund call, for a test that sends it more than once. */
    signFund: async (amount: string, overrides: Overrides = {}) => ({
      ...(await sign(overrides, (call) => messages.fund({ ...call, amount }))),
      amount,
    }),

    /** Signs a Fund message; the broker address has what it has. */
    requestFund: async (amount: string, overrides: Overrides = {}) =>
      post('/api/broker/fund', await user.signFund(amount, overrides), overrides),

    /** Pays amount and gas to the broker address and signs a Fund message. */
    async fund(amount: string, overrides: Overrides = {}): Promise<Answer> {
      await pay(user.brokerAddress, parseOg(amount) + parseOg(gasOg))
      return user.requestFund(amount, overrides)
    },

    /** The body of a Withdraw call, for a test that sends it more than once. */
    signWithdraw: async (amount: string, overrides: Overrides = {}) => {
      const { chainId } = home.context
      return { ...(await sign(overrides, (call) => messages.withdraw({ ...call, amount, chainId }))), amount }
    },

    withdraw: async (amount: string, overrides: Overrides = {}) =>
      post('/api/broker/withdraw', await user.signWithdraw(amount, overrides), overrides),

    /** The body of a call that cancels a withdrawal, for a test that sends it more than once. */
    signCancel: async (overrides: Overrides = {}) =>
      sign(overrides, (call) => messages.cancelWithdrawal({ ...call, chainId: home.context.chainId })),

    cancelWithdrawal: async (overrides: Overrides = {}) =>
      post('/api/broker/withdraw/cancel', await user.signCancel(overrides), overrides),

    /** The body of an Analyze call, for a test that sends it more than once. */
    signAnalyze: async (dreamText: string, options?: object, overrides: Overrides = {}) => ({
      ...(await sign(overrides, messages.analyze)),
      dreamText,
      options,
    }),

    analyze: async (dreamText: string, options?: object, overrides: Overrides = {}) =>
      post('/api/ai/analyze', await user.signAnalyze(dreamText, options, overrides), overrides),

    balance: async (overrides: Overrides = {}) =>
      get('/api/broker/balance/', await sign(overrides, messages.balance), overrides),

    /** One page of the statement; `query` as it stands in the address, `?` and all. */
    async transactions(query = '', overrides: Overrides = {}): Promise<Answer> {
      const { chainId } = home.context
      const signed = await sign(overrides, (call) => messages.transactions({ ...call, chainId }))
      return get('/api/broker/transactions/', signed, { ...overrides, query })
    },
  }

  if (deposit) {
    const funded = await user.fund(deposit)
    if (funded.status !== 200) throw new Error(`The deposit of ${formatOg(parseOg(deposit))} OG failed: ${funded.text}`)
  }
  return user
}
