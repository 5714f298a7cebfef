import { expect } from 'vitest'
import { told } from './actor.ts'
import { day, og, type Scenario, type Stage } from './scenario.ts'

export const leavingScenarios: Scenario[] = [
  {
    name: 'a settlement between request and collection is told apart from what the collection moves',
    async play({ chain, actor }) {
      const [provider, second] = chain.providers
      const { broker } = actor
      await chain.give(broker, 20n * og)
      await actor.send({ kind: 'deposit', amount: 10n * og })
      await actor.send({ kind: 'transfer', provider, amount: 2n * og })
      await actor.send({ kind: 'transfer', provider: second, amount: og })
      await chain.settle({ provider, broker, fee: og / 4n })
      await actor.send({ kind: 'retrieve', providers: [provider, second] })
      await chain.settle({ provider, broker, fee: og / 4n })
      await chain.settle({ provider: second, broker, fee: 5n * og })
      await chain.mine()
      await actor.look('settled')
      await chain.passTime(day)
      const since = await chain.reader.readSightings(broker)
      // Before the collection, first in its block, and after it.
      await chain.settle({ provider, broker, fee: 1n })
      await chain.mine()
      const terms = await actor.plainTerms()
      const { raw, hash } = await actor.sign({ kind: 'retrieve', providers: [provider, second] }, terms)
      await chain.settle({ provider, broker, fee: og })
      await actor.broadcast('collect', raw)
      await chain.mine()
      await chain.settle({ provider, broker, fee: 2n })
      await chain.mine()
      const blockNumber = (await chain.transactions.findReceipt(hash))?.blockNumber ?? 0
      actor.note('moves', await chain.reader.listMoves({ broker, hash, blockNumber, since }))
      await actor.look('collected')
    },
  },
  {
    name: 'a provider takes no more than there is, pending refunds too, the newest first',
    async play({ chain, actor }) {
      const [provider] = chain.providers
      const { broker } = actor
      const settle = async (fee: bigint) => {
        await chain.settle({ provider, broker, fee })
        await chain.mine()
        await actor.look(`settled ${fee}`)
      }
      await chain.give(broker, 20n * og)
      await settle(og)
      await actor.send({ kind: 'deposit', amount: 10n * og })
      await settle(og)
      await actor.send({ kind: 'transfer', provider, amount: 4n * og })
      await actor.send({ kind: 'retrieve', providers: [provider] })
      await actor.send({ kind: 'transfer', provider, amount: 2n * og })
      await actor.send({ kind: 'retrieve', providers: [provider] })
      await actor.send({ kind: 'transfer', provider, amount: og })
      await settle(0n)
      await settle(og / 2n)
      await settle(og)
      await settle(og / 2n)
      await settle(og)
      await settle(10n * og)
      await settle(1n)
      await actor.send({ kind: 'transfer', provider, amount: 1n })
      await settle(1n)
    },
  },
  {
    name: 'a refund leaves nothing or the minimum available; the last one deletes the ledger, and a deposit opens it anew',
    async play({ chain, actor }) {
      const [provider, second] = chain.providers
      const { broker } = actor
      await chain.give(broker, 20n * og)
      await actor.send({ kind: 'deposit', amount: 10n * og })
      await actor.send({ kind: 'transfer', provider, amount: 2n * og })
      await actor.send({ kind: 'transfer', provider: second, amount: og })
      await actor.send({ kind: 'refund', amount: 8n * og })
      await actor.send({ kind: 'refund', amount: 4n * og + 1n })
      await actor.force({ kind: 'refund', amount: 4n * og + 1n })
      await actor.send({ kind: 'refund', amount: 4n * og })
      await actor.send({ kind: 'refund', amount: 0n })
      await actor.send({ kind: 'refund', amount: 3n * og })
      await actor.send({ kind: 'deposit', amount: 1n })
      await actor.send({ kind: 'retrieve', providers: [provider, second] })
      await chain.passTime(day)
      await actor.send({ kind: 'retrieve', providers: [provider, second] })
      await actor.send({ kind: 'refund', amount: 3n * og + 1n })
      await chain.settle({ provider, broker, fee: og })
      await chain.mine()
      await actor.look('settled after the end')
      await actor.send({ kind: 'deposit', amount: og })
      await actor.send({ kind: 'deposit', amount: 3n * og })
      await actor.send({ kind: 'transfer', provider: second, amount: og })
      await actor.send({ kind: 'transfer', provider, amount: 2n * og })
    },
  },
  {
    name: 'a ledger whose last coin a provider took stays until it is refunded',
    async play({ chain, actor }) {
      const [provider] = chain.providers
      await chain.give(actor.broker, 20n * og)
      await actor.send({ kind: 'deposit', amount: 4n * og })
      await actor.send({ kind: 'transfer', provider, amount: 4n * og })
      await chain.settle({ provider, broker: actor.broker, fee: 5n * og })
      await chain.mine()
      await actor.look('settled')
      await actor.send({ kind: 'refund', amount: 1n })
      await actor.send({ kind: 'refund', amount: 0n })
    },
  },
  {
    name: 'somebody else deposits, if it is enough to open a ledger',
    async play({ chain, actor }) {
      await chain.give(actor.broker, og)
      for (const amount of [og, 3n * og, 1n]) {
        await chain.depositFor(actor.broker, amount)
        await chain.mine()
        await actor.look(`gift of ${amount}`)
      }
      await actor.send({ kind: 'refund', amount: 3n * og + 1n })
    },
  },
  {
    name: 'a sweep leaves nothing when a plain account is paid',
    async play(stage) {
      expect(await sweep(stage)).toBe(0n)
    },
  },
  {
    name: 'a sweep leaves less than a transfer costs when a contract is paid',
    async play(stage) {
      await stage.chain.setPayee(stage.actor.user, { gas: 43_108n })
      const left = await sweep(stage)
      expect(left).toBeGreaterThan(0n)
      expect(left).toBeLessThan(21_000n)
    },
  },
  {
    name: 'a payee that takes no money is not paid',
    async play({ chain, actor }) {
      await chain.give(actor.broker, og)
      await chain.setPayee(actor.user, 'refusing')
      actor.note('sweep', await told(() => chain.transactions.quoteSweep(actor.broker, actor.user)))
      await actor.send({ kind: 'payout', amount: og / 2n })
      const { broker, signer } = { broker: actor.broker, signer: chain.signer }
      await chain.setPayee(actor.user, 'plain')
      const { nonce, fees } = await chain.transactions.quote(
        broker,
        signer.callOf(actor.user, { kind: 'payout', amount: 1n }),
      )
      const { raw } = await actor.sign({ kind: 'payout', amount: og / 2n }, { nonce, fees, gas: 60_000n })
      await chain.setPayee(actor.user, 'refusing')
      await actor.broadcast('to who has changed', raw)
      await chain.mine()
      await actor.look('reverted')
    },
  },
  {
    name: 'an empty wallet has nothing to sweep',
    async play({ chain, actor }) {
      const { amount, gas } = await chain.transactions.quoteSweep(actor.broker, actor.user)
      await chain.give(actor.broker, 21_000n)
      const poor = await chain.transactions.quoteSweep(actor.broker, actor.user)
      actor.note('sweeps', { amount, gas, poor: { amount: poor.amount, gas: poor.gas } })
    },
  },
]

/** Pays everything out and tells how much gas what is left could buy. */
async function sweep({ chain, actor }: Stage): Promise<bigint> {
  const { user, broker } = actor
  await chain.give(broker, og)
  const { amount, gas, fees } = await chain.transactions.quoteSweep(broker, user)
  const { nonce } = await chain.transactions.quote(broker, chain.signer.callOf(user, { kind: 'payout', amount }))
  const { raw, hash } = await actor.sign({ kind: 'payout', amount }, { nonce, gas, fees })
  await actor.broadcast('sweep', raw)
  await chain.mine()
  const receipt = await chain.transactions.findReceipt(hash)
  actor.note('receipt', {
    succeeded: receipt?.succeeded,
    arrived: (await chain.transactions.readWallet(user)) === amount,
  })
  const left = await chain.transactions.readWallet(broker)
  return left / (receipt?.effectiveGasPrice ?? 1n)
}
