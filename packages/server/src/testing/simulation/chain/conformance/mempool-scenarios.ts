import type { Fees } from '../../../../chain/broker-signer.ts'
import { og, type Scenario } from './scenario.ts'

const gwei = 10n ** 9n

const feesOf = (ceiling: bigint, tip: bigint): Fees => ({
  type: 'eip1559',
  maxFeePerGas: ceiling,
  maxPriorityFeePerGas: tip,
})

export const mempoolScenarios: Scenario[] = [
  {
    name: 'a transaction is replaced by one that pays more, and mined once',
    async play({ chain, actor }) {
      const { transactions } = chain
      await chain.give(actor.broker, 20n * og)
      const terms = { ...(await actor.plainTerms(250_000n)), fees: feesOf(40n * gwei, 10n * gwei) }
      const intent = { kind: 'deposit', amount: 4n * og } as const
      const first = await actor.sign(intent, terms)
      const same = await actor.sign(intent, terms)
      const rival = await actor.sign({ kind: 'deposit', amount: 5n * og }, terms)
      const dearer = await actor.sign(intent, { ...terms, fees: await transactions.raisedFees(terms.fees) })
      await actor.broadcast('first', first.raw)
      await actor.broadcast('same', same.raw)
      await actor.broadcast('rival for the same price', rival.raw)
      await actor.broadcast('dearer', dearer.raw)
      await actor.broadcast('first again', first.raw)
      actor.note('known', [await transactions.isKnown(first.hash), await transactions.isKnown(dearer.hash)])
      await chain.mine()
      const [lost, mined] = [await transactions.findReceipt(first.hash), await transactions.findReceipt(dearer.hash)]
      actor.note('receipts', [lost, mined?.succeeded])
      await actor.broadcast('first, used up', first.raw)
      await actor.broadcast('dearer, mined', dearer.raw)
      await actor.broadcast('another with a used nonce', rival.raw)
      await actor.look('in the end')
    },
  },
  {
    name: 'a node refuses what cannot be paid, what has too little gas and what nobody signed',
    async play({ chain, actor }) {
      await chain.give(actor.broker, 5n * og)
      const terms = await actor.plainTerms(250_000n)
      const offer = async (step: string, amount: bigint, other: Partial<typeof terms>) =>
        actor.broadcast(step, (await actor.sign({ kind: 'deposit', amount }, { ...terms, ...other })).raw)
      await offer('all there is, and gas', 5n * og, {})
      await offer('gas for more than there is', og, { fees: feesOf(100_000n * gwei, gwei) })
      await offer('hardly any gas', 3n * og, { gas: 20_999n })
      await actor.broadcast('unsigned', '0x1234')
      await actor.look('nothing happened')
    },
  },
  {
    name: 'a gap of nonces waits until it is filled',
    async play({ chain, actor }) {
      await chain.give(actor.broker, 20n * og)
      const terms = await actor.plainTerms(250_000n)
      const late = await actor.sign({ kind: 'deposit', amount: og }, { ...terms, nonce: terms.nonce + 1 })
      const early = await actor.sign({ kind: 'deposit', amount: 3n * og }, terms)
      await actor.broadcast('late', late.raw)
      await chain.mine()
      await actor.look('waits')
      await actor.broadcast('early', early.raw)
      await chain.mine()
      await actor.look('both')
    },
  },
  {
    name: 'no block takes what pays less than the base fee',
    async play({ chain, actor }) {
      const { transactions } = chain
      await chain.give(actor.broker, 20n * og)
      await chain.setBaseFee(gwei)
      await chain.mine()
      const terms = await actor.plainTerms(250_000n)
      const fees = feesOf(5n * gwei, gwei)
      const { raw, hash } = await actor.sign({ kind: 'deposit', amount: 3n * og }, { ...terms, fees })
      await actor.broadcast('enough', raw)
      await chain.setBaseFee(50n * gwei)
      await chain.mine()
      await actor.look('too little now')
      await actor.broadcast('too little', raw)
      actor.note('raised in time', (await transactions.raisedFees(fees)).type)
      await chain.setBaseFee(gwei)
      await chain.mine()
      await chain.setBaseFee(gwei)
      await actor.broadcast('enough again', raw)
      await chain.mine()
      const receipt = await transactions.findReceipt(hash)
      actor.note('mined', { succeeded: receipt?.succeeded, price: receipt?.effectiveGasPrice })
      await actor.look('deposited')
    },
  },
  {
    name: 'a transaction that the node forgot is sent again',
    async play({ chain, actor }) {
      const { transactions } = chain
      await chain.give(actor.broker, 20n * og)
      const { raw, hash } = await actor.sign({ kind: 'deposit', amount: 3n * og }, await actor.plainTerms(250_000n))
      await actor.broadcast('sent', raw)
      await chain.evict(hash)
      actor.note('known', await transactions.isKnown(hash))
      await chain.mine()
      await actor.look('forgotten')
      await actor.broadcast('sent again', raw)
      actor.note('known again', await transactions.isKnown(hash))
      await chain.mine()
      await actor.look('deposited')
    },
  },
]
