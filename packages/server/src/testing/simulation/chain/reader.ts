import type { Address } from 'viem'
import type { ChainReader, ChainService, Move } from '../../../chain/reader.ts'
import type { Sync } from '../sync.ts'
import type { Rules } from './contracts.ts'
import type { BalanceUpdate, ChainState } from './state.ts'

/** The twin of ChainReader. */
export function createModelReader(deps: {
  state: ChainState
  rules: Rules
  services: readonly ChainService[]
  confirmations: number
}): Sync<ChainReader> {
  const { state, rules, services, confirmations } = deps

  /** Oldest first. */
  function listUpdates(broker: Address, fromBlock: number, toBlock: number): BalanceUpdate[] {
    const found: BalanceUpdate[] = []
    for (let link = state.find(broker).updates; link && link.last.blockNumber >= fromBlock; link = link.before) {
      if (link.last.blockNumber <= toBlock) found.push(link.last)
    }
    return found.reverse()
  }

  return {
    readAccount(broker) {
      const { number, timeMs } = state.newest()
      const { wallet, ledger } = state.find(broker)
      return {
        brokerAddress: broker,
        blockNumber: number,
        blockTimeMs: timeMs,
        wallet,
        ledger: ledger && { available: ledger.available, total: ledger.total },
        subAccounts: ledger ? ledger.subAccounts.slice() : [],
      }
    },

    readSightings(broker) {
      const blockNumber = Math.max(state.newest().number - (confirmations - 1), 0)
      const { ledger } = state.findAt(broker, blockNumber)
      const balances = ledger ? ledger.subAccounts.map(({ provider, balance }) => ({ provider, balance })) : []
      return { blockNumber, balances }
    },

    listMoves({ broker, hash, blockNumber, since }) {
      const held = new Map(since.balances.map(({ provider, balance }) => [provider, balance]))
      const moves: Move[] = []
      for (const update of listUpdates(broker, since.blockNumber + 1, blockNumber)) {
        const { provider, balance } = update
        if (update.hash === hash) moves.push({ provider, moved: balance - (held.get(provider) ?? 0n), left: balance })
        held.set(provider, balance)
      }
      return moves
    },

    readBlockTimeMs: () => state.newest().timeMs,
    readLockTimeMs: () => rules.lockTimeMs,
    readBlockNumber: () => state.newest().number,
    listServices: () => services.slice(),

    readTerms: () => ({
      minimumDeposit: rules.minimumDeposit,
      minimumTransfer: rules.minimumTransfer,
      lockTimeSeconds: rules.lockTimeMs / 1_000,
      serviceName: 'inference-v1.0',
    }),
  }
}
