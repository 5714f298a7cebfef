import { type Chain, defineChain } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { chainId, testMnemonic } from './constants.ts'

/** 1 0G in neuron. */
export const oneToken = 10n ** 18n

export const devnetChain: Chain = defineChain({
  id: chainId,
  name: '0G devnet',
  nativeCurrency: { name: '0G', symbol: '0G', decimals: 18 },
  rpcUrls: { default: { http: [] } },
  testnet: true,
})

/** Account 0 of the test mnemonic: deploys and owns the contracts. */
export const deployer = mnemonicToAccount(testMnemonic, { addressIndex: 0 })

/** Accounts 2 to 9 of the test mnemonic: the users'. */
export const userAccounts = [2, 3, 4, 5, 6, 7, 8, 9].map((addressIndex) =>
  mnemonicToAccount(testMnemonic, { addressIndex }),
)
