import type { Address } from 'viem'
import { asAsync } from '../../as-async.ts'
import { createModelChain } from '../model-chain.ts'
import type { ChainUnderTest } from './chain-under-test.ts'

const stranger: Address = '0x5700000000000000000000000000000000000001'

/** The model, to be compared with anvil. */
export function startModel(rules: {
  minimumDeposit: bigint
  minimumTransfer: bigint
  lockTimeMs: number
  providers: readonly [Address, Address]
  confirmations: number
}): ChainUnderTest {
  const { providers, ...options } = rules
  const { reader, transactions, signer, world } = createModelChain({ ...options, node: 'strict' })
  const { signTransaction, signSession } = signer

  const passTime = async (seconds: number) => {
    world.advance(seconds * 1_000)
    world.mine()
  }

  return {
    confirmations: options.confirmations,
    reader: asAsync(reader),
    transactions: asAsync(transactions),
    signer: { ...signer, ...asAsync({ signTransaction, signSession }) },
    providers,
    passTime,
    async mine(blocks = 1) {
      for (let count = 0; count < blocks; count += 1) await passTime(1)
    },
    give: async (address, amount) => world.give(address, amount),
    setBaseFee: async (baseFee) => world.setBaseFee(baseFee),
    evict: async (hash) => void world.evict(hash),
    async reorganise(depth) {
      // The blocks that anvil puts in place of others are as old as the one before them.
      const branch = Array.from({ length: depth }, () => ({ timeMs: 0 }))
      world.reorganise({ depth, isLost: () => true, branch })
    },
    setPayee: async (user, payee) => world.setPayee(user, payee),
    async depositFor(broker, amount) {
      world.give(stranger, amount)
      world.depositFor(stranger, broker, amount)
    },
    settle: async ({ provider, broker, fee }) => void world.settle(provider, broker, fee),
  }
}
