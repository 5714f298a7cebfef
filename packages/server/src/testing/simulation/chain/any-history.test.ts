import fc from 'fast-check'
import type { Address } from 'viem'
import { expect, test } from 'vitest'
import type { Intent } from '../../../chain/broker-signer.ts'
import { AppError } from '../../../platform/errors.ts'
import { sum } from '../../../platform/neuron.ts'
import { createModelChain, type ModelChain } from './model-chain.ts'

const og = 10n ** 18n
const gwei = 10n ** 9n
const rules = { minimumDeposit: 3n * og, minimumTransfer: og, lockTimeMs: 10_000, confirmations: 3 }
const users: Address[] = ['0x00000000000000000000000000000000000000a1', '0x00000000000000000000000000000000000000a2']
const providers: Address[] = [
  '0x00000000000000000000000000000000000000f1',
  '0x00000000000000000000000000000000000000f2',
]

const user = fc.constantFrom(...users)
const provider = fc.constantFrom(...providers)
const amount = fc.constantFrom(0n, 1n, og, 3n * og, 5n * og)

/** Something that happens; tells how many blocks it replaced by empty ones. */
type Act = (chain: ModelChain) => unknown

const intent: fc.Arbitrary<Intent> = fc.oneof(
  amount.map((amount): Intent => ({ kind: 'deposit', amount })),
  fc.tuple(provider, amount).map(([provider, amount]): Intent => ({ kind: 'transfer', provider, amount })),
  fc.array(provider, { maxLength: 3 }).map((providers): Intent => ({ kind: 'retrieve', providers })),
  amount.map((amount): Intent => ({ kind: 'refund', amount })),
  amount.map((amount): Intent => ({ kind: 'payout', amount })),
)

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(user, intent).map(
      ([user, intent]): Act =>
        (chain) =>
          send(chain, user, intent),
    ),
  },
  {
    weight: 5,
    arbitrary: fc.nat().map(
      (mask): Act =>
        ({ world }) =>
          void world.mine({ choose: byMask(mask) }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat()).map(
      ([depth, mask]): Act =>
        (chain) => {
          if (chain.reader.readBlockNumber() < depth) return undefined
          const lost = new Set(byMask(mask)(chain.mempool.list()))
          chain.world.reorganise({ depth, isLost: (transaction) => lost.has(transaction) })
          return depth
        },
    ),
  },
  fc.integer({ min: 1, max: 20_000 }).map(
    (ms): Act =>
      ({ world }) =>
        world.advance(ms),
  ),
  fc.tuple(provider, user, amount).map(
    ([provider, user, fee]): Act =>
      (chain) => {
        chain.world.settle(provider, chain.signer.brokerAddress(user), fee)
      },
  ),
  fc.tuple(user, amount).map(
    ([user, amount]): Act =>
      (chain) => {
        chain.world.pay(user, chain.signer.brokerAddress(user), amount)
      },
  ),
  fc.tuple(user, amount).map(
    ([user, amount]): Act =>
      (chain) => {
        chain.world.depositFor(user, chain.signer.brokerAddress(user), amount)
      },
  ),
  fc.bigInt({ min: gwei, max: 5n * gwei }).map(
    (fee): Act =>
      ({ world }) =>
        world.setBaseFee(fee),
  ),
  fc.nat().map(
    (mask): Act =>
      ({ world, mempool }) => {
        for (const { hash } of byMask(mask)(mempool.list())) world.evict(hash)
      },
  ),
)

test('whatever happens, no coin is made or lost, and a block that is taken back leaves no trace', () => {
  fc.assert(
    fc.property(fc.array(act, { minLength: 20, maxLength: 80 }), (acts) => {
      const chain = createModelChain(rules)
      for (const user of users) chain.world.give(user, 50n * og)
      const pictures = [picture(chain)]

      for (const act of acts) {
        const replaced = Number(act(chain) ?? 0)
        expectSound(chain)
        const height = chain.reader.readBlockNumber()
        const now = picture(chain)
        if (replaced > 0) expect(now).toEqual(pictures[height - replaced])
        pictures.fill(now, height - replaced, height)
        pictures[height] = now
      }
    }),
    { numRuns: 50 },
  )
})

function send({ transactions, signer }: ModelChain, user: Address, intent: Intent): void {
  try {
    const { nonce, gas, fees } = transactions.quote(signer.brokerAddress(user), signer.callOf(user, intent))
    transactions.broadcast(signer.signTransaction({ user, intent, nonce, gas, fees }).raw)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
  }
}

const byMask =
  (mask: number) =>
  <T>(items: readonly T[]): T[] =>
    items.filter((_, index) => (mask >> (index % 31)) & 1)

function picture({ books, signer }: ModelChain) {
  const brokers = users.map((user) => signer.brokerAddress(user))
  return [...users, ...brokers, ...providers].map((address) => ({
    ...books.holdingOf(address),
    mined: books.listMined(address),
  }))
}

function expectSound({ books, signer }: ModelChain): void {
  const brokers = users.map((user) => signer.brokerAddress(user))
  const wallets = [...users, ...brokers, ...providers].map((address) => books.holdingOf(address).wallet)
  const ledgers = brokers.map((broker) => books.holdingOf(broker).ledger)
  const totals = ledgers.map((ledger) => ledger?.total ?? 0n)
  expect(sum([...wallets, ...totals, ...brokers.map(books.gasOf)])).toBe(100n * og)
  expect(wallets.every((wallet) => wallet >= 0n)).toBe(true)
  for (const ledger of ledgers) {
    if (!ledger) continue
    expect(ledger.total).toBe(ledger.available + sum(ledger.subAccounts.map(({ balance }) => balance)))
    for (const { balance, pendingRefund, refunds } of ledger.subAccounts) {
      expect(sum(refunds.map((refund) => refund.amount))).toBe(pendingRefund)
      expect(refunds.every((refund) => refund.amount > 0n) && refunds.length <= 5).toBe(true)
      expect(pendingRefund <= balance).toBe(true)
    }
  }
  for (const broker of brokers) expect(books.listMined(broker)).toHaveLength(books.holdingOf(broker).nonce)
  for (const [index, provider] of providers.entries()) expect(books.takenBy(provider)).toBe(wallets.at(4 + index))
}
