import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { backUp, untilFree } from '../chain/state-file.ts'
import { isRecord } from '../completion/request.ts'
import { damaged, readJsonFile, writeJsonFile } from './json-file.ts'

/** A folder that keeps a devnet: `chain.json` by anvil, `fees-….json` by each provider, `devnet.json` when it is whole. */
export type DataDir = {
  chainFile: string
  /** The hash of block 0; undefined when the devnet has still to be set up. */
  genesisHash: string | undefined
  feesFile(model: string): string
  /** Says that the devnet is set up and can be taken up again. */
  complete(genesisHash: string): Promise<void>
}

/**
 * Opens `folder`, which is made when it is missing. What a first start left that did not come to its end is removed.
 * Throws with what to do when another devnet holds it or when a part of it is missing or damaged.
 */
export async function openDataDir(folder: string): Promise<DataDir> {
  const root = resolve(folder)
  await mkdir(root, { recursive: true, mode: 0o700 })
  const chainFile = join(root, 'chain.json')
  const markFile = join(root, 'devnet.json')
  await untilFree(chainFile)

  const mark = await readJsonFile(markFile)
  if (mark !== undefined) {
    if (!isMark(mark)) throw damaged(markFile)
    if (!existsSync(chainFile)) throw new Error(`${chainFile} is missing. Remove its folder to begin anew`)
    await backUp(chainFile)
  } else {
    await rm(chainFile, { force: true })
  }
  return {
    chainFile,
    genesisHash: mark?.genesisHash,
    feesFile: (model) => join(root, `fees-${model}.json`),
    complete: (genesisHash) => writeJsonFile(markFile, { genesisHash } satisfies Mark),
  }
}

type Mark = { genesisHash: string }

function isMark(value: unknown): value is Mark {
  return isRecord(value) && typeof value.genesisHash === 'string'
}
