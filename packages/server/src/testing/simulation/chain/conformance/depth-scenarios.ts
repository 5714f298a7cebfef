import { day, og, type Scenario } from './scenario.ts'

export const depthScenarios: Scenario[] = [
  {
    name: 'receipt, used nonces and sightings count once they are deep enough',
    confirmations: 3,
    async play({ chain, actor }) {
      const { transactions, reader } = chain
      const [provider] = chain.providers
      const { broker } = actor
      await chain.give(broker, 20n * og)
      await actor.send({ kind: 'deposit', amount: 5n * og })
      const { raw, hash } = await actor.sign({ kind: 'transfer', provider, amount: og }, await actor.plainTerms())
      await actor.broadcast('transfer', raw)
      for (let depth = 0; depth <= chain.confirmations; depth += 1) {
        const { balances } = await reader.readSightings(broker)
        actor.note(`depth ${depth}`, {
          known: await transactions.isKnown(hash),
          final: (await transactions.findReceipt(hash))?.succeeded,
          nonces: await transactions.countSettledNonces(broker),
          balances,
        })
        await chain.mine()
      }
      const { blockNumber } = await reader.readSightings(broker)
      actor.note('blocks behind', (await reader.readBlockNumber()) - blockNumber)
    },
  },
  {
    name: 'only what is deep enough can be swept',
    confirmations: 3,
    async play({ chain, actor }) {
      const { transactions } = chain
      await chain.give(actor.broker, 5n * og)
      await actor.send({ kind: 'deposit', amount: 4n * og })
      const { raw } = await actor.sign({ kind: 'refund', amount: 4n * og }, await actor.plainTerms())
      await actor.broadcast('refund', raw)
      for (let depth = 0; depth <= chain.confirmations; depth += 1) {
        const { wallet } = await chain.reader.readAccount(actor.broker)
        const { amount } = await transactions.quoteSweep(actor.broker, actor.user)
        actor.note(`depth ${depth}`, {
          isThere: wallet > og,
          isSure: (await transactions.readWallet(actor.broker)) > og,
          isSwept: amount > og,
        })
        await chain.mine()
      }
    },
  },
  ...[1, 2, 3].map(
    (depth): Scenario => ({
      name: `a reorganisation of ${depth} takes a transfer out; sent again, it is mined anew`,
      confirmations: 3,
      async play({ chain, actor }) {
        const { transactions } = chain
        const [provider, second] = chain.providers
        await chain.give(actor.broker, 20n * og)
        await actor.send({ kind: 'deposit', amount: 10n * og })
        await actor.send({ kind: 'transfer', provider: second, amount: 2n * og })
        await chain.mine(3)
        const { raw, hash } = await actor.sign({ kind: 'transfer', provider, amount: og }, await actor.plainTerms())
        await actor.broadcast('transfer', raw)
        await chain.mine(depth)
        await actor.look('mined')
        const before = await chain.reader.readBlockNumber()
        await chain.reorganise(depth)
        actor.note('after', {
          grown: (await chain.reader.readBlockNumber()) - before,
          known: await transactions.isKnown(hash),
          receipt: await transactions.findReceipt(hash),
        })
        await actor.look('undone')
        await actor.broadcast('again', raw)
        await chain.mine(chain.confirmations)
        await actor.look('done anew')
        actor.note('receipt', (await transactions.findReceipt(hash))?.succeeded)
      },
    }),
  ),
  {
    name: 'a reorganisation takes back a settlement and a collection, with their events',
    confirmations: 3,
    async play({ chain, actor }) {
      const { broker } = actor
      const [provider] = chain.providers
      await chain.give(broker, 20n * og)
      await actor.send({ kind: 'deposit', amount: 10n * og })
      await actor.send({ kind: 'transfer', provider, amount: 2n * og })
      await actor.send({ kind: 'retrieve', providers: [provider] })
      await chain.passTime(day)
      await chain.mine(3)
      const since = await chain.reader.readSightings(broker)
      const { raw, hash } = await actor.sign({ kind: 'retrieve', providers: [provider] }, await actor.plainTerms())
      await chain.settle({ provider, broker, fee: og / 2n })
      await chain.mine()
      await actor.broadcast('collect', raw)
      await chain.mine()
      await actor.look('collected')
      await chain.reorganise(2)
      await actor.look('as before')
      await actor.broadcast('collect again', raw)
      await chain.mine(chain.confirmations)
      const blockNumber = (await chain.transactions.findReceipt(hash))?.blockNumber ?? 0
      actor.note('moves', await chain.reader.listMoves({ broker, hash, blockNumber, since }))
      await actor.look('collected all')
    },
  },
]
