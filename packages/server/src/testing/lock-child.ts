import { lockDataDir } from '../database/data-dir-lock.ts'

// Holds a data folder until it is killed.
lockDataDir(String(process.argv[2]))
process.stdout.write('locked\n')
setInterval(() => {}, 60_000)
