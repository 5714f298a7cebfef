import { type Devnet, startDevnet } from '@dreamscape/devnet/devnet'
import { openTestDatabases, type TestDatabases } from './test-databases.ts'

/** What all tests of a file share: it keeps nothing of one user that another could see. */
export type TestNetwork = {
  devnet: Devnet
  databases: TestDatabases
  close: () => Promise<void>
  [Symbol.asyncDispose]: () => Promise<void>
}

/** Starts a local 0G network and makes room for databases. Close it after the last test of the file. */
export async function startTestNetwork(): Promise<TestNetwork> {
  const devnet = await startDevnet()
  try {
    const databases = await openTestDatabases()
    const close = async () => {
      await devnet.close()
      await databases[Symbol.asyncDispose]()
    }
    return { devnet, databases, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await devnet.close()
    throw error
  }
}
