import { readFile, rename, writeFile } from 'node:fs/promises'

/** What `file` holds, undefined when there is none. Throws with what to do when it is no JSON. */
export async function readJsonFile(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    if (error instanceof SyntaxError) throw damaged(file)
    throw error
  }
}

export function damaged(file: string): Error {
  return new Error(`${file} is damaged. Remove its folder to begin anew`)
}

/** Writes all of it or nothing: a reader sees the old content or the new. */
export async function writeJsonFile(file: string, content: unknown): Promise<void> {
  const temporary = `${file}.new`
  await writeFile(temporary, JSON.stringify(content), { mode: 0o600 })
  await rename(temporary, file)
}

/**
 * A function that writes what `content` gives to `file` and resolves when it is written. Calls that come while a write
 * runs share the next one.
 */
export function createSaver(file: string, content: () => unknown): () => Promise<void> {
  let last: Promise<void> = Promise.resolve()
  let waiting: Promise<void> | undefined
  const write = () => {
    waiting = undefined
    return writeJsonFile(file, content())
  }
  return () => {
    if (!waiting) {
      waiting = last.then(write, write)
      last = waiting
    }
    return waiting
  }
}
