import type { Address } from 'viem'
import { describe, expect, test } from 'vitest'
import type { Fees, Intent } from '../../../chain/broker-signer.ts'
import { createModelChain } from './model-chain.ts'

const og = 10n ** 18n
const gwei = 10n ** 9n
const user: Address = '0x00000000000000000000000000000000000000A1'
const provider: Address = '0x00000000000000000000000000000000000000F1'
const rules = { minimumDeposit: 3n * og, minimumTransfer: og, lockTimeMs: 3_600_000, confirmations: 3 }
const deposit: Intent = { kind: 'deposit', amount: 4n * og }

const feesOf = (maxFeePerGas: bigint, maxPriorityFeePerGas: bigint): Fees => ({
  type: 'eip1559',
  maxFeePerGas,
  maxPriorityFeePerGas,
})

/** A chain on which one broker account holds 20 OG. */
function startChain() {
  const chain = createModelChain(rules)
  const { signer, transactions, world } = chain
  const broker = signer.brokerAddress(user)
  world.give(broker, 20n * og)

  const sign = (intent: Intent, fees = feesOf(4n * gwei, gwei), nonce = transactions.quote(broker, payNothing).nonce) =>
    signer.signTransaction({ user, intent, nonce, gas: 1_000_000n, fees })
  const payNothing = signer.callOf(user, { kind: 'payout', amount: 0n })

  function send(intent: Intent) {
    const signed = sign(intent)
    expect(transactions.broadcast(signed.raw)).toBe('accepted')
    return signed
  }
  return { ...chain, broker, sign, send }
}

test('the same request, signed again, is the same transaction; any other request is another one', () => {
  const { sign, signer } = startChain()

  const first = sign(deposit)

  expect(sign(deposit)).toEqual(first)
  expect(first.hash).toMatch(/^0x[0-9a-f]{64}$/)
  const others = [
    sign({ ...deposit, amount: 5n * og }),
    sign(deposit, feesOf(5n * gwei, gwei)),
    sign(deposit, undefined, 1),
  ]
  expect(new Set([first, ...others].flatMap(({ raw, hash }) => [raw, hash])).size).toBe(8)
  expect(signer.termsOf(first.raw)).toEqual({ nonce: 0, gas: 1_000_000n, fees: feesOf(4n * gwei, gwei) })
})

describe('a patient node', () => {
  test('replaces for a tenth more on both fees', () => {
    const { transactions, sign, send, world, books, broker } = startChain()
    const { hash } = send(deposit)
    const offer = (ceiling: bigint, tip: bigint) => transactions.broadcast(sign(deposit, feesOf(ceiling, tip)).raw)

    expect(offer(8n * gwei, gwei)).toBe('underpriced')
    expect(offer(4n * gwei, 2n * gwei)).toBe('underpriced')
    expect(offer((44n * gwei) / 10n - 1n, 2n * gwei)).toBe('underpriced')
    expect(offer((44n * gwei) / 10n, (11n * gwei) / 10n)).toBe('accepted')

    world.mine()
    expect(transactions.isKnown(hash)).toBe(false)
    expect(books.listMined(broker)).toHaveLength(1)
    expect(transactions.broadcast(sign(deposit, feesOf(9n * gwei, 9n * gwei), 0).raw)).toBe('nonce-used')
  })

  test('keeps what is too cheap until the price falls', () => {
    const { transactions, send, world } = startChain()
    world.setBaseFee(50n * gwei)
    const { raw, hash } = send(deposit)

    world.mine()
    expect(transactions.isKnown(hash)).toBe(true)
    expect(transactions.broadcast(raw)).toBe('accepted')

    world.setBaseFee(2n * gwei)
    world.mine()
    world.mineEmpty(2)
    expect(transactions.findReceipt(hash)).toMatchObject({ succeeded: true, effectiveGasPrice: 3n * gwei })
  })
})

test('a node asks more for gas than anybody pays', () => {
  const { transactions, signer, world, broker } = startChain()
  world.setBaseFee(2_000n * gwei)
  world.mineEmpty()
  const tooDear = expect.objectContaining({
    code: 'chain-unavailable',
    meta: expect.objectContaining({ retryAfterSeconds: 60 }),
  })

  expect(() => transactions.readGasPrice()).toThrow(tooDear)
  expect(() => transactions.quote(broker, signer.callOf(user, deposit))).toThrow(tooDear)
  expect(() => transactions.quoteSweep(broker, user)).toThrow(tooDear)
  expect(() => transactions.raisedFees(feesOf(gwei, gwei))).toThrow(tooDear)
})

test('a block takes what the miner chooses, in the order it was chosen', () => {
  const { send, world, broker, books } = startChain()
  send(deposit)
  world.mine()
  send({ kind: 'transfer', provider, amount: og })
  world.settle(provider, broker, og / 2n)

  world.mine({ choose: (waiting) => waiting.filter(({ kind }) => kind === 'settlement') })
  expect(books.takenBy(provider)).toBe(0n)
  world.settle(provider, broker, og / 2n)
  world.mine({ choose: (waiting) => [...waiting].reverse() })
  expect(books.takenBy(provider)).toBe(0n)
  world.settle(provider, broker, og / 2n)
  world.mine()

  expect(books.takenBy(provider, broker)).toBe(og / 2n)
  expect(books.holdingOf(provider).wallet).toBe(og / 2n)
})

describe('a reorganisation', () => {
  test('gives the node its transactions back, in their order', () => {
    const { send, sign, transactions, world, reader, broker } = startChain()
    const { hash } = send(deposit)
    world.mine()
    transactions.broadcast(sign({ kind: 'transfer', provider, amount: og }).raw)
    world.mine()
    const before = reader.readAccount(broker)

    world.reorganise({ depth: 2 })

    expect(reader.readAccount(broker)).toMatchObject({ wallet: 20n * og, ledger: undefined, blockNumber: 2 })
    expect(transactions.isKnown(hash)).toBe(true)
    expect(transactions.findReceipt(hash)).toBeUndefined()
    world.mine()
    expect(reader.readAccount(broker)).toEqual({ ...before, blockNumber: 3 })
  })

  test('loses what it is told to, and mines another branch at once', () => {
    const { send, transactions, world, reader, broker } = startChain()
    const { hash } = send(deposit)
    world.pay(broker, user, 0n)
    world.mine()

    world.reorganise({ depth: 1, isLost: (transaction) => transaction.hash === hash, branch: [{ timeMs: 5_999 }, {}] })

    expect(transactions.isKnown(hash)).toBe(false)
    expect(reader.readAccount(broker)).toMatchObject({ blockNumber: 2, blockTimeMs: 5_000, ledger: undefined })
  })

  test('takes nothing away that was given from outside', () => {
    const { send, world, books, broker } = startChain()
    send(deposit)
    world.mine()
    world.give(broker, og)

    world.reorganise({ depth: 1 })

    expect(books.holdingOf(broker).wallet).toBe(21n * og)
  })

  test('is no deeper than agreed', () => {
    const { world } = startChain()
    world.mineEmpty(5)

    expect(() => world.reorganise({ depth: 4 })).toThrow('The last 4 blocks are not kept')
  })
})

test('the books tell what was paid out, taken and burned', () => {
  const { send, transactions, world, books, broker } = startChain()
  for (const intent of [deposit, { kind: 'transfer', provider, amount: og }, { kind: 'payout', amount: og }] as const) {
    send(intent)
    world.mine()
  }
  world.setPayee(user, 'refusing')
  transactions.broadcast(startChain().sign({ kind: 'payout', amount: og }).raw)
  world.settle(provider, broker, 3n * og)
  world.mine()

  const { wallet, ledger, nonce } = books.holdingOf(broker)
  expect(books.paidOutTo(user)).toBe(og)
  expect(books.takenBy(provider)).toBe(og)
  expect(wallet + (ledger?.total ?? 0n) + books.gasOf(broker)).toBe(18n * og)
  expect(books.listMined(broker).map(({ succeeded }) => succeeded)).toEqual([true, true, true])
  expect(nonce).toBe(3)
})
