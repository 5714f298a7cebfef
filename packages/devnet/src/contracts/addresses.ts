import type { Address } from 'viem'

/** Where the unmodified 0G SDK expects the contracts on chain 31337 (its `CONTRACT_ADDRESSES.hardhat`). */
export const contracts = {
  ledger: '0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0',
  inference: '0x0165878A594ca255338adfa4d48449f69242Eb8F',
} as const satisfies Record<string, Address>
