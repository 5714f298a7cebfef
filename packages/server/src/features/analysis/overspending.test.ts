import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { parseOg } from '@dreamscape/protocol/money'
import { type Address, createWalletClient, http, parseAbi } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readChainBooks } from '../../testing/chain-books.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer } from '../../testing/test-server.ts'

let network: TestNetwork
let llama: DevnetProvider
let deepseek: DevnetProvider
beforeAll(async () => {
  network = await startTestNetwork()
  ;[llama, deepseek] = network.devnet.providers as [DevnetProvider, DevnetProvider]
})
afterAll(() => network.close())

/** 60,000 bytes, so that the worst case of one analysis is a sizable part of a sub-account. */
const longDream = '梦'.repeat(9_990) + '，'.repeat(9_990)

describe('many analyses of one account at once', () => {
  test('forty of them cannot hold more than there is', async () => {
    const count = 40
    await using server = await startTestServer({ network, settings: { ANALYSIS_DEADLINE_SECONDS: 5 } })
    const user = await server.newUser({ deposit: '3' })
    // All that is not locked for llama is locked for the other provider, so nothing can be filled up.
    await server.context.funding.ensureUsable(user.address, llama.address, parseOg('0.05'))
    await server.context.funding.ensureUsable(user.address, deepseek.address, parseOg('0.9'))
    const bodies = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        user.signAnalyze(`${String(index).padStart(2, '0')} ${longDream}`, { model: llama.model }),
      ),
    )
    // Nobody is answered before the deadline, so every reservation stays.
    for (let order = 0; order < count; order += 1) llama.order({ kind: 'hang' })

    const answers = await Promise.all(bodies.map((body) => server.post('/api/ai/analyze', body)))

    const reservations = await server.rows('reservation', user)
    const worstCase = reservations[0]?.amount as bigint
    const fitting = Math.min(count, Number(parseOg('0.1') / worstCase))
    expect(reservations).toHaveLength(fitting)
    expect(answers.filter(({ status }) => status === 504)).toHaveLength(fitting)
    expect(answers.filter(({ status }) => status === 402 || status === 503)).toHaveLength(count - fitting)
    const [book] = (await server.rows('sub_account', user)).filter(({ provider }) => provider === llama.address)
    expect(book).toMatchObject({ reserved: worstCase * BigInt(fitting), charged: 0n })
  })
})

test('what a third party deposits for the account shows up and can be spent', async () => {
  await using server = await startTestServer({ network })
  const user = await server.newUser({ deposit: '3' })
  const before = (await user.balance()).body

  await depositFor(user.brokerAddress, parseOg('2'))

  const { total } = await readChainBooks(network.devnet, user.brokerAddress)
  const after = (await user.balance()).body
  expect(before.formatted).toBe('3')
  expect(after).toMatchObject({ formatted: '5', balance: String(total), spendable: '5' })
})

/** `depositFundFor`, called by a stranger from a wallet of the local chain. */
async function depositFor(recipient: Address, value: bigint): Promise<void> {
  const { publicClient, contracts, userAccounts, rpcUrl } = network.devnet
  const [stranger] = userAccounts
  if (!stranger) throw new Error('The local chain has no accounts')
  const wallet = createWalletClient({ account: stranger, chain: publicClient.chain, transport: http(rpcUrl) })
  const hash = await wallet.writeContract({
    address: contracts.ledger,
    abi: parseAbi(['function depositFundFor(address recipient) payable']),
    functionName: 'depositFundFor',
    args: [recipient],
    value,
  })
  await publicClient.waitForTransactionReceipt({ hash })
}
