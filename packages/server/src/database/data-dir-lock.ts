import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { tryLock } from 'fs-native-extensions'
import { StartupError } from '../platform/errors.ts'

/** A lock of the operating system, the only kind that surely dies with its owner: holds `dataDir` for this process until `release` or its death, even by SIGKILL. Throws `StartupError` when another holds it. */
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
