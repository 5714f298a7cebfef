import {
  type Chain,
  createPublicClient,
  createTestClient,
  createWalletClient,
  type HttpTransport,
  http,
  type LocalAccount,
  type PublicClient,
  type TestClient,
  type WalletClient,
} from 'viem'
import { devnetChain } from './network.ts'

export type DevnetPublicClient = PublicClient<HttpTransport, Chain>
export type DevnetTestClient = TestClient<'anvil', HttpTransport, Chain>
export type DevnetWalletClient = WalletClient<HttpTransport, Chain, LocalAccount>

export type ChainClients = {
  publicClient: DevnetPublicClient
  testClient: DevnetTestClient
  walletClient(account: LocalAccount): DevnetWalletClient
}

/** viem clients of one devnet. Blocks are mined at once, so they poll fast and cache nothing. */
export function createChainClients(rpcUrl: string): ChainClients {
  const shared = { chain: devnetChain, transport: http(rpcUrl), pollingInterval: 20, cacheTime: 0 }
  return {
    publicClient: createPublicClient(shared),
    testClient: createTestClient({ ...shared, mode: 'anvil' }),
    walletClient: (account) => createWalletClient({ ...shared, account }),
  }
}
