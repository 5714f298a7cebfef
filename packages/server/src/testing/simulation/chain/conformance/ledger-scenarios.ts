import { type Address, getAddress, numberToHex, pad } from 'viem'
import { day, og, type Scenario } from './scenario.ts'

/** Providers without a service; money can be locked for them all the same. */
export const others: Address[] = Array.from({ length: 22 }, (_, index) =>
  getAddress(pad(numberToHex(0xfee000 + index), { size: 20 })),
)

export const ledgerScenarios: Scenario[] = [
  {
    name: 'a deposit opens a ledger with the minimum or more, and only a rich wallet pays',
    async play({ chain, actor }) {
      await chain.give(actor.broker, 20n * og)
      await actor.send({ kind: 'deposit', amount: 3n * og - 1n })
      await actor.send({ kind: 'deposit', amount: 0n })
      await actor.send({ kind: 'deposit', amount: 21n * og })
      await actor.force({ kind: 'deposit', amount: 3n * og - 1n })
      await actor.send({ kind: 'deposit', amount: 3n * og })
      await actor.send({ kind: 'deposit', amount: 1n })
      await actor.send({ kind: 'deposit', amount: 0n })
    },
  },
  {
    name: 'without a ledger nothing but a deposit is possible',
    async play({ chain, actor }) {
      const [provider] = chain.providers
      await chain.give(actor.broker, og)
      for (const intent of [
        { kind: 'transfer', provider, amount: og },
        { kind: 'restore', provider, amount: 1n },
        { kind: 'retrieve', providers: [provider] },
        { kind: 'refund', amount: 0n },
      ] as const) {
        await actor.send(intent)
        await actor.force(intent)
      }
    },
  },
  {
    name: 'a transfer opens a sub-account with the minimum or more, and needs as much in the ledger',
    async play({ chain, actor }) {
      const [provider, second] = chain.providers
      await chain.give(actor.broker, 20n * og)
      await actor.send({ kind: 'deposit', amount: 5n * og })
      await actor.send({ kind: 'transfer', provider, amount: og - 1n })
      await actor.send({ kind: 'transfer', provider, amount: 0n })
      await actor.send({ kind: 'transfer', provider, amount: 5n * og + 1n })
      await actor.force({ kind: 'transfer', provider, amount: 5n * og + 1n })
      await actor.send({ kind: 'transfer', provider: actor.broker, amount: og })
      await actor.send({ kind: 'transfer', provider, amount: og })
      await actor.send({ kind: 'transfer', provider, amount: 1n })
      await actor.send({ kind: 'transfer', provider, amount: 0n })
      await actor.send({ kind: 'transfer', provider, amount: 4n * og })
      await actor.force({ kind: 'transfer', provider, amount: 4n * og })
      await actor.send({ kind: 'transfer', provider: second, amount: 4n * og - 1n })
      await actor.send({ kind: 'transfer', provider: second, amount: 1n })
    },
  },
  {
    name: 'too little gas undoes a call and is paid',
    async play({ chain, actor }) {
      const [provider] = chain.providers
      await chain.give(actor.broker, 20n * og)
      await actor.force({ kind: 'deposit', amount: 4n * og }, 100_000n)
      await actor.force({ kind: 'deposit', amount: 4n * og }, 250_000n)
      await actor.force({ kind: 'transfer', provider, amount: og }, 250_000n)
      await actor.force({ kind: 'refund', amount: og }, 40_000n)
    },
  },
  {
    name: 'restoring takes back what was asked for, the newest first, and moves only what is beyond it',
    async play({ chain, actor }) {
      const [provider] = chain.providers
      await chain.give(actor.broker, 20n * og)
      await actor.send({ kind: 'deposit', amount: 10n * og })
      await actor.send({ kind: 'transfer', provider, amount: 2n * og })
      await actor.send({ kind: 'retrieve', providers: [provider] })
      await actor.send({ kind: 'restore', provider, amount: og / 2n })
      await actor.send({ kind: 'retrieve', providers: [provider] })
      await actor.send({ kind: 'restore', provider, amount: og / 4n })
      await actor.send({ kind: 'retrieve', providers: [provider] })
      await actor.send({ kind: 'restore', provider, amount: og / 3n })
      await actor.send({ kind: 'restore', provider, amount: og })
      await actor.send({ kind: 'restore', provider, amount: 3n * og })
      await actor.send({ kind: 'retrieve', providers: [provider] })
      await actor.send({ kind: 'restore', provider, amount: 20n * og })
      await actor.send({ kind: 'restore', provider, amount: 5n * og })
    },
  },
  {
    name: 'five refunds wait at one provider, a sixth is refused until one is due',
    async play({ chain, actor }) {
      const [provider, second] = chain.providers
      await chain.give(actor.broker, 20n * og)
      await actor.send({ kind: 'deposit', amount: 10n * og })
      await actor.send({ kind: 'transfer', provider, amount: 2n * og })
      await actor.send({ kind: 'transfer', provider: second, amount: 2n * og })
      await actor.send({ kind: 'retrieve', providers: [provider] })
      for (const part of [2n, 4n, 8n, 16n, 32n]) {
        await actor.send({ kind: 'transfer', provider, amount: og / part })
        await actor.send({ kind: 'retrieve', providers: [provider] })
      }
      await actor.send({ kind: 'retrieve', providers: [second, provider] })
      await actor.force({ kind: 'retrieve', providers: [second, provider] })
      await chain.passTime(day - 60)
      await actor.force({ kind: 'retrieve', providers: [provider] })
      await chain.passTime(30)
      await actor.send({ kind: 'retrieve', providers: [provider] })
      await chain.passTime(day)
      await actor.send({ kind: 'retrieve', providers: [provider] })
    },
  },
  {
    name: 'what was asked for comes when it is asked again after the lock time, to the second',
    async play({ chain, actor }) {
      const [provider] = chain.providers
      await chain.give(actor.broker, 20n * og)
      await actor.send({ kind: 'deposit', amount: 10n * og })
      await actor.send({ kind: 'transfer', provider, amount: 2n * og })
      await actor.send({ kind: 'retrieve', providers: [provider] })
      await actor.send({ kind: 'retrieve', providers: [provider] })
      // The next one is in the last second that is too early: five blocks of a second each have passed.
      await chain.passTime(day - 7)
      await actor.send({ kind: 'retrieve', providers: [provider] })
      await actor.send({ kind: 'retrieve', providers: [provider] })
      await actor.send({ kind: 'retrieve', providers: [provider] })
    },
  },
  {
    name: 'several providers are asked at once, at most twenty, and those without a sub-account are passed over',
    async play({ chain, actor }) {
      const [provider, second] = chain.providers
      await chain.give(actor.broker, 50n * og)
      await actor.send({ kind: 'deposit', amount: 40n * og })
      for (const to of [provider, second, ...others.slice(0, 3)]) {
        await actor.send({ kind: 'transfer', provider: to, amount: 2n * og })
      }
      await actor.send({ kind: 'retrieve', providers: others.slice(0, 21) })
      await actor.force({ kind: 'retrieve', providers: others.slice(0, 21) })
      await actor.send({ kind: 'retrieve', providers: others.slice(2, 22) })
      await actor.send({ kind: 'retrieve', providers: [provider, provider] })
      await actor.send({ kind: 'retrieve', providers: [] })
      await chain.passTime(day)
      await actor.send({ kind: 'transfer', provider: second, amount: og })
      await actor.send({ kind: 'retrieve', providers: [second, provider, ...others.slice(0, 5)] })
    },
  },
]
