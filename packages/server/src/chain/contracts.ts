import { type Address, getAddress } from 'viem'
import { StartupError } from '../platform/errors.ts'

export type Contracts = { ledger: Address; inference: Address }

/** LedgerManager and InferenceServing proxies of the 0G networks, by chain id. */
const known: Record<number, Contracts> = {
  16661: {
    ledger: '0x2dE54c845Cd948B72D2e32e39586fe89607074E3',
    inference: '0x47340d900bdFec2BD393c626E12ea0656F938d84',
  },
  16602: {
    ledger: '0xE70830508dAc0A97e6c087c75f402f9Be669E406',
    inference: '0xa79F4c8311FF93C06b8CfB403690cc987c93F91E',
  },
  31337: {
    ledger: '0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0',
    inference: '0x0165878A594ca255338adfa4d48449f69242Eb8F',
  },
}

/** The contracts of a chain; settings win over what is known. Throws `StartupError` for a chain nobody told us about. */
export function contractsOf(
  chainId: number,
  settings: { ledger?: string | undefined; inference?: string | undefined },
): Contracts {
  const ledger = settings.ledger ?? known[chainId]?.ledger
  const inference = settings.inference ?? known[chainId]?.inference
  if (!ledger || !inference) {
    throw new StartupError(`Chain ${chainId} is not a known 0G network: set LEDGER_CONTRACT and INFERENCE_CONTRACT`)
  }
  return { ledger: getAddress(ledger), inference: getAddress(inference) }
}

const publicRpcUrls: Record<number, string> = {
  16661: 'https://evmrpc.0g.ai',
  16602: 'https://evmrpc-testnet.0g.ai',
}

/** The RPC to name to wallets: a public one, or at least one without the path and credentials that may hold a key. */
export function publicRpcUrlOf(chainId: number, rpcUrl: string): string {
  return publicRpcUrls[chainId] ?? new URL(rpcUrl).origin
}
