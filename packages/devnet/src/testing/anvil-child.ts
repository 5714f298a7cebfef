import { startAnvil } from '../chain/anvil.ts'

// A process of its own that starts anvil, says which processes belong to it, and never closes it.
const { pids } = await startAnvil()
process.stdout.write(`${JSON.stringify(pids)}\n`)
