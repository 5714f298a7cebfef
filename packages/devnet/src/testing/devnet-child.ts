import { startDevnet } from '../devnet.ts'

// A process of its own that starts a devnet, says which processes belong to it, and never closes it.
const { pids } = await startDevnet()
process.stdout.write(`${JSON.stringify(pids)}\n`)
