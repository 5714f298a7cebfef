import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { messages } from '@dreamscape/protocol/identity'
import { formatOg, parseOg } from '@dreamscape/protocol/money'
import type { StatementEntry } from '@dreamscape/protocol/statement'
import type { Hex } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sum } from '../../platform/neuron.ts'
import { readChainBooks } from '../../testing/chain-books.ts'
import { dream } from '../../testing/dream.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { reconcile } from '../../testing/reconcile.ts'
import { howToStartPostgres } from '../../testing/test-databases.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import type { TestUser } from '../../testing/test-user.ts'

let network: TestNetwork
let server: TestServer
let llama: DevnetProvider
beforeAll(async () => {
  network = await startTestNetwork()
  server = await startTestServer({ network, settings: { ANALYSIS_DEADLINE_SECONDS: 1 } })
  ;[llama] = network.devnet.providers as [DevnetProvider]
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await network.close()
})

const path = (address: string) => `/api/broker/transactions/${address}`

/** What the chain says a transaction has cost. */
async function gasOf(hash: Hex): Promise<string> {
  const { gasUsed, effectiveGasPrice } = await network.devnet.publicClient.getTransactionReceipt({ hash })
  return formatOg(gasUsed * effectiveGasPrice)
}

async function listEntries(user: TestUser): Promise<StatementEntry[]> {
  return (await user.transactions()).body.entries
}

/** The statement of one request. */
async function findRequest(user: TestUser, requestId: string): Promise<StatementEntry | undefined> {
  return (await listEntries(user)).find((entry) => 'requestId' in entry && entry.requestId === requestId)
}

/** What charges and adjustments come to. */
function sumBilled(entries: readonly StatementEntry[]): bigint {
  return sum(
    entries.map((entry) => {
      if (entry.kind === 'charge') return parseOg(entry.cost)
      return entry.kind === 'adjustment' ? parseSigned(entry.amount) : 0n
    }),
  )
}

function parseSigned(og: string): bigint {
  return og.startsWith('-') ? -parseOg(og.slice(1)) : parseOg(og)
}

/** All pages of `limit` entries; `between` happens after each. */
async function walk(user: TestUser, limit: number, between: () => Promise<unknown> = async () => {}) {
  const entries: StatementEntry[] = []
  let cursor: string | null = null
  do {
    const { body } = await user.transactions(`?limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`)
    entries.push(...body.entries)
    cursor = body.nextCursor
    if (cursor) expect(body.entries).toHaveLength(limit)
    expect(entries.length).toBeLessThan(100)
    await between()
  } while (cursor)
  return entries
}

describe('GET /api/broker/transactions/{address}', () => {
  test('shows a newcomer an empty list', async () => {
    const user = await server.newUser()

    const answer = await user.transactions()

    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ entries: [], nextCursor: null, openingCharges: '0' })
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test('lists deposit, transfer and charge, newest first, to the neuron', async () => {
    const user = await server.newUser({ deposit: '4' })
    server.clock.advance(1_000)
    const { body: analysis } = await user.analyze(dream)

    const { entries } = (await user.transactions()).body

    const [charge, transfer, deposit] = entries
    const at = new Date(server.clock.now() - 1).toISOString()
    expect(charge).toEqual({
      kind: 'charge',
      id: expect.any(String),
      at,
      requestId: analysis.requestId,
      model: analysis.model,
      provider: analysis.provider,
      cost: analysis.cost,
      inputTokens: analysis.usage.inputTokens,
      outputTokens: analysis.usage.outputTokens,
      verification: 'content',
    })
    expect(transfer).toEqual({
      kind: 'transfer',
      id: 'transaction-1',
      at,
      provider: llama.address,
      amount: '1.1',
      state: 'confirmed',
      txHash: expect.any(String),
      gas: await gasOf(transfer.txHash),
    })
    expect(deposit).toMatchObject({
      kind: 'deposit',
      amount: '4',
      state: 'confirmed',
      gas: await gasOf(deposit.txHash),
    })
    expect(deposit).not.toHaveProperty('provider')
    expect(entries).toHaveLength(3)
  })

  test('shows what has left the wallet: deposits and the gas of all transactions', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)

    const entries = await listEntries(user)

    const gas = sum(entries.map((entry) => ('gas' in entry ? parseOg(entry.gas ?? '0') : 0n)))
    const { wallet } = await readChainBooks(network.devnet, user.brokerAddress)
    expect(parseOg('4.05') - parseOg('4') - gas).toBe(wallet)
  })

  test('shows a failed transaction with its gas', async () => {
    const { publicClient, contracts, rpcUrl } = network.devnet
    const user = await server.newUser()
    const code = await publicClient.getCode({ address: contracts.ledger })
    const setCode = (value: unknown) =>
      fetch(rpcUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'anvil_setCode', params: [contracts.ledger, value] }),
      })
    server.rpc.watch(async (methods) => {
      if (methods.includes('eth_sendRawTransaction')) await setCode('0xfe')
      else if (methods.includes('eth_getTransactionReceipt')) await setCode(code)
    })

    const refused = await user.fund('4')
    server.rpc.watch(async () => {})

    expectProblem(refused, 'transaction-failed')
    const [entry, ...others] = await listEntries(user)
    const { txHash } = refused.body
    expect(entry).toMatchObject({ kind: 'deposit', amount: '4', state: 'failed', txHash, gas: await gasOf(txHash) })
    expect(others).toEqual([])
  })

  test('shows a transaction under way as pending, without gas', async () => {
    const user = await server.newUser()
    let pending: StatementEntry[] = []
    server.rpc.watch(async (methods) => {
      if (methods.includes('eth_sendRawTransaction')) pending = await listEntries(user)
    })

    const { txHash } = (await user.fund('4')).body
    server.rpc.watch(async () => {})

    expect(pending).toMatchObject([{ kind: 'deposit', state: 'pending', txHash, gas: null }])
  })

  test('shows a request in flight as held, then unknown, then charged, under one id', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    const chats = llama.requests.chat
    llama.order({ kind: 'hang' })

    const answering = user.analyze(dream)
    await expect.poll(() => llama.requests.chat, { interval: 5 }).toBe(chats + 1)
    const [held] = await listEntries(user)
    const { requestId } = (await answering).body
    const unknown = await findRequest(user, requestId)
    await reconcile(server)
    const charged = await findRequest(user, requestId)

    const [, reservation] = await server.rows('reservation', user)
    const amount = formatOg(reservation?.amount as bigint)
    expect(held).toMatchObject({ kind: 'hold', state: 'held', requestId, provider: llama.address, amount })
    expect(unknown).toEqual({ ...held, state: 'unknown' })
    expect(charged).toMatchObject({
      kind: 'charge',
      id: held?.id,
      at: held?.at,
      cost: '0',
      inputTokens: null,
      outputTokens: null,
      verification: null,
    })
  })

  test('sums up to what the books charge and the provider bills, lost answers included', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    llama.order({ kind: 'drop-mid-stream' })
    const lost = await user.analyze(dream)
    await user.analyze(dream, { model: 'deepseek' })
    await reconcile(server)

    const entries = await walk(user, 2)

    const books = await server.rows('sub_account', user)
    const { unsettled } = await readChainBooks(network.devnet, user.brokerAddress)
    expect(sumBilled(entries)).toBe(unsettled)
    expect(sumBilled(entries)).toBe(sum(books.map(({ charged }) => charged as bigint)))
    expect(await findRequest(user, lost.body.requestId)).toMatchObject({ kind: 'charge', inputTokens: null })
  })

  test.each([
    ['more', { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }],
    ['less', { prompt_tokens: 700, completion_tokens: 600, total_tokens: 1300 }],
  ])('shows as an adjustment that a provider bills %s than it told', async (what, usage) => {
    const user = await server.newUser({ deposit: '4' })
    llama.order({ kind: 'bad-usage', usage })
    const { cost } = (await user.analyze(dream)).body
    const { unsettled: billed } = await readChainBooks(network.devnet, user.brokerAddress)
    await network.devnet.settle()
    await reconcile(server)
    const at = new Date(server.clock.now()).toISOString()

    const entries = await walk(user, 1)

    const amount = formatOg(billed - parseOg(cost))
    expect(amount.startsWith('-')).toBe(what === 'less')
    expect(entries.map(({ kind }) => kind)).toEqual(['adjustment', 'charge', 'transfer', 'deposit'])
    expect(entries[0]).toEqual({ kind: 'adjustment', id: expect.any(String), at, provider: llama.address, amount })
    expect(sumBilled(entries)).toBe(billed)
  })

  test('leaves out what surely cost nothing', async () => {
    const user = await server.newUser({ deposit: '4' })
    llama.order({ kind: 'status', status: 503 })
    expectProblem(await user.analyze(dream), 'provider-unavailable')

    const entries = await listEntries(user)

    expect(entries.map(({ kind }) => kind)).toEqual(['transfer', 'deposit'])
  })

  test('names what was charged before the database was lost apart', async () => {
    await using fresh = await startTestServer({ network })
    const user = await fresh.newUser({ deposit: '4' })
    const { cost: earlier } = (await user.analyze(dream)).body
    await using other = await startTestServer({ network })
    const empty = await user.transactions('', { server: other })
    await user.balance({ server: other })
    const { cost } = (await user.analyze(dream, undefined, { server: other })).body

    const { body } = await user.transactions('', { server: other })

    expect(empty.body).toEqual({ entries: [], nextCursor: null, openingCharges: '0' })
    expect(body).toMatchObject({ entries: [{ kind: 'charge', cost }], openingCharges: earlier })
    const [book] = await other.rows('sub_account', user)
    expect(sumBilled(body.entries) + parseOg(body.openingCharges)).toBe(book?.charged)
  })

  test('holds nothing of the dream', async () => {
    const user = await server.newUser({ deposit: '4' })
    const { analysis } = (await user.analyze(dream)).body

    const { text } = await user.transactions()

    for (const secret of ['grandmother', 'flying', ...analysis.interpretation.split('. ')]) {
      expect(text).not.toContain(secret)
    }
  })
})

describe('the owner alone', () => {
  test('may read a statement', async () => {
    const [alice, bob] = await Promise.all([server.newUser(), server.newUser()])

    const answer = await alice.transactions('', { signer: bob.account })

    expectProblem(answer, 'signature-invalid')
  })

  test('sees no entry of anybody else, not even with their cursor', async () => {
    const [alice, bob] = await Promise.all([server.newUser({ deposit: '4' }), server.newUser()])
    await alice.analyze(dream)
    const { nextCursor } = (await alice.transactions('?limit=1')).body

    const { body } = await bob.transactions(`?cursor=${nextCursor}`)

    expect(body).toEqual({ entries: [], nextCursor: null, openingCharges: '0' })
  })

  test('is refused with a signature for another chain or another purpose', async () => {
    const user = await server.newUser()
    const call = { address: user.address, timestamp: server.clock.now() }

    const answers = [
      await user.transactions('', { ...call, message: messages.transactions({ ...call, chainId: 16661 }) }),
      await user.transactions('', { ...call, message: messages.balance(call) }),
    ]

    for (const answer of answers) expectProblem(answer, 'signature-invalid')
  })

  test('is refused with a signature that is too old', async () => {
    const user = await server.newUser()

    const answer = await user.transactions('', { timestamp: server.clock.now() - 300_000 })

    expect(expectProblem(answer, 'signature-expired')).toMatchObject({ serverTime: server.clock.now() })
  })

  test('is refused without a signature', async () => {
    const answer = await server.get(path('0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC'))

    expectProblem(answer, 'invalid-request')
  })

  test('may spell the address in lower case', async () => {
    const user = await server.newUser({ deposit: '3' })

    const { body } = await user.transactions('', { address: user.address.toLowerCase() })

    expect(body.entries).toMatchObject([{ kind: 'deposit', amount: '3' }])
  })
})

describe('pages', () => {
  test.for(['postgres', 'embedded'] as const)(
    'show every entry once while new ones arrive (%s)',
    async (database, { skip }) => {
      if (database === 'postgres' && !network.databases.hasPostgres) skip(howToStartPostgres)
      await using server = await startTestServer({ network, database })
      const user = await server.newUser({ deposit: '5' })
      // All of one moment: transfers and several analyses at once.
      const bodies = await Promise.all(
        ['llama', 'deepseek', 'llama', 'deepseek', 'llama'].map((model) => user.signAnalyze(dream, { model })),
      )
      await Promise.all(bodies.map((body) => server.post('/api/ai/analyze', body)))
      await user.analyze(dream)
      const whole = await listEntries(user)

      const arrive = async () => {
        await user.analyze(dream)
        await user.fund('0.5')
      }
      const pages = [await walk(user, 1, arrive), await walk(user, 3)]

      expect(whole).toHaveLength(9)
      expect(new Set(whole.map(({ at }) => at)).size).toBeLessThan(9)
      expect(pages[0]).toEqual(whole)
      expect(pages[1]?.slice(-9)).toEqual(whole)
      expect(new Set(pages[1]?.map(({ id }) => id)).size).toBe(pages[1]?.length)
      expect(pages[1]?.map(({ at }) => at)).toEqual(
        pages[1]
          ?.map(({ at }) => at)
          .toSorted()
          .toReversed(),
      )
    },
  )

  test('hold 50 entries unless asked otherwise, at most 100', async () => {
    const user = await server.newUser({ deposit: '4' })
    for (let count = 0; count < 60; count += 1) await user.analyze(dream)

    const answers = [await user.transactions(), await user.transactions('?limit=100&colour=blue')]

    expect(answers.map(({ body }) => body.entries.length)).toEqual([50, 62])
    expect(answers.map(({ body }) => body.nextCursor)).toEqual([expect.any(String), null])
  })

  const cursor = (value: unknown) => `cursor=${Buffer.from(JSON.stringify(value)).toString('base64url')}`
  const id = '00000000-0000-4000-8000-000000000000'

  test.each([
    'limit=0',
    'limit=101',
    'limit=-1',
    'limit=1.5',
    'limit=all',
    'limit=',
    'limit=1&limit=1',
    'cursor=',
    'cursor=next',
    `cursor=${'A'.repeat(201)}`,
    cursor(null),
    cursor([0, 'reservation', 'not-a-uuid']),
    cursor([0, 'transaction', id]),
    cursor([0, 'adjustment', 2 ** 53]),
    cursor([0, 'transaction', 2 ** 31]),
    cursor([8.64e15, 'transaction', 1]),
    cursor([-1, 'transaction', 1]),
    cursor([0.5, 'transaction', 1]),
    cursor([0, 'other', 1]),
    cursor([0, 'reservation', id, id]),
  ])('are refused for %s', async (query) => {
    const user = await server.newUser()

    const answer = await user.transactions(`?${query}`)

    const [name] = query.split('=')
    expect(expectProblem(answer, 'invalid-request')).toMatchObject({ errors: [{ path: name }] })
  })

  test.each([
    cursor([0, 'reservation', id]),
    cursor([0, 'adjustment', 2 ** 53 - 1]),
    cursor([Date.UTC(9999, 0), 'transaction', -(2 ** 31)]),
  ])('begin anywhere (%s)', async (query) => {
    const user = await server.newUser()

    expect((await user.transactions(`?${query}`)).status).toBe(200)
  })
})
