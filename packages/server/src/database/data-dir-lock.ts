import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { StartupError } from '../platform/errors.ts'

// NOTE the package has no types; a lock of the operating system is the only one that surely dies with its owner.
const { tryLock }: { tryLock: (fd: number) => boolean } = createRequire(import.meta.url)('fs-native-extensions')

/** Holds `dataDir` for this process until `release` or its death, even by SIGKILL. Throws `StartupError` when another holds it. */
export function lockDataDir(dataDir: string): { release: () => void } {
  const path = join(dataDir, 'lock')
  const fd = openSync(path, 'a+', 0o600)
  if (!tryLock(fd)) {
    const holder = readFileSync(path, 'utf8').trim() || 'another process'
    closeSync(fd)
    throw new StartupError(`DATA_DIR ${dataDir} is held by ${holder}: stop it, or choose another DATA_DIR`)
  }
  ftruncateSync(fd)
  writeSync(fd, `process ${process.pid}, since ${new Date().toISOString()}\n`)
  return { release: () => closeSync(fd) }
}
