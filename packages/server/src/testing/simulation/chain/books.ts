import type { Address } from 'viem'
import { sum } from '../../../platform/neuron.ts'
import type { Signatures } from './signer.ts'
import type { ChainState, Holding, Mined } from './state.ts'

export type ChainBooks = ReturnType<typeof createChainBooks>

/** What an auditor asks of a chain. */
export function createChainBooks({ state, signatures }: { state: ChainState; signatures: Signatures }) {
  /** What was sent from an address and mined, oldest first. */
  function listMined(from: Address): Mined[] {
    const mined: Mined[] = []
    for (let link = state.find(from).mined; link; link = link.before) mined.push(link.last)
    return mined.reverse()
  }

  return {
    /** Wallet, nonce and ledger of any address. */
    holdingOf: (address: Address): Pick<Holding, 'wallet' | 'nonce' | 'ledger'> => state.find(address),

    listMined,

    /** All that was ever paid out to a user. */
    paidOutTo: (user: Address): bigint =>
      sum(
        listMined(signatures.brokerAddress(user)).map(({ transaction, succeeded }) =>
          succeeded && transaction.kind === 'broker' && transaction.intent.kind === 'payout' ? transaction.value : 0n,
        ),
      ),

    /** All that a provider ever took from the sub-account of a broker; without `broker`, from all of them. */
    takenBy: (provider: Address, broker?: Address): bigint =>
      sum(
        listMined(provider).map(({ transaction, moves: [move] }) =>
          move && transaction.kind === 'settlement' && (broker ?? transaction.of) === transaction.of ? -move.moved : 0n,
        ),
      ),

    /** The gas of all that a broker account ever sent. Neuron. */
    gasOf: (broker: Address): bigint =>
      sum(listMined(broker).map(({ gasUsed, effectiveGasPrice }) => gasUsed * effectiveGasPrice)),
  }
}
