import { startDevnet } from '../devnet.ts'
import { createCustomer, postChat } from './client.ts'

// A process of its own that keeps a devnet in the folder it is given, has a user owe something, says what, and never
// closes it.
const devnet = await startDevnet({ dataDir: process.argv[2] })
const [provider] = devnet.providers
if (!provider) throw new Error('The devnet has no provider')
const { account, authorization } = await createCustomer(devnet, provider)
await (await postChat(provider, authorization)).text()
const said = {
  pids: devnet.pids,
  user: account.address,
  owed: String(provider.unsettledFee(account.address)),
  blockNumber: String(await devnet.publicClient.getBlockNumber()),
}
process.stdout.write(`${JSON.stringify(said)}\n`)
