import { readChainBooks } from './chain-books.ts'
import type { TestServer } from './test-server.ts'
import type { TestUser } from './test-user.ts'

const moneyTables = [
  'sub_account',
  'chain_transaction',
  'deposit',
  'withdrawal',
  'reservation',
  'user_queries',
] as const

/** Everything of `user` that costs or moves money, to compare before and after. */
export async function takeSnapshot(server: TestServer, user: TestUser) {
  const { devnet } = server
  const rows = await Promise.all(moneyTables.map((table) => server.rows(table, user)))
  return {
    rows: Object.fromEntries(moneyTables.map((table, index) => [table, rows[index]])),
    chain: await readChainBooks(devnet, user.brokerAddress),
    chatRequests: devnet.providers.map(({ requests }) => requests.chat),
  }
}
