import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Devnet, startDevnet } from '@dreamscape/devnet/devnet'
import { readDevelopmentSettings, readSettings } from '@dreamscape/server/config/env'
import { createLog } from '@dreamscape/server/platform/log'
import { type RunningServer, startServer } from '@dreamscape/server/server'

export type Local = {
  devnet: Devnet
  server: RunningServer
  dataDir: string | undefined
  llmUrl: string | undefined
  close: () => Promise<void>
}

/**
 * Starts a local 0G network and the service on top of it. Data is fresh, and gone after `close`, unless DATA_DIR is set.
 * `overrides` win over the environment.
 */
export async function startLocal(overrides: Record<string, string> = {}): Promise<Local> {
  const development = readDevelopmentSettings(overrides)
  const { DEVNET_LLM_URL: llmUrl, DEVNET_LLM_API_KEY: llmKey, DEVNET_LLM_MODEL: llmModel } = development
  const kept = development.DATA_DIR && resolve(development.DATA_DIR)
  const dataDir = kept ?? (await mkdtemp(join(tmpdir(), 'dreamscape-')))
  const undo: (() => Promise<void>)[] = kept ? [] : [() => rm(dataDir, { recursive: true, force: true })]
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const devnet = await startDevnet({
      rpcPort: development.DEVNET_RPC_PORT,
      settleIntervalMs: 30_000,
      ...(kept && { dataDir: join(kept, 'devnet') }),
      ...(llmUrl && { llmUrl }),
      ...(llmKey && { llmApiKey: llmKey.reveal() }),
      ...(llmModel && { llmModel }),
    })
    undo.push(devnet.close)
    const settings = readSettings({
      PORT: String(development.PORT),
      COMPUTE_RPC_URL: devnet.rpcUrl,
      CHAIN_ID: String(devnet.chainId),
      DATA_DIR: dataDir,
      DATABASE_URL: '',
      BROKER_SECRET: development.BROKER_SECRET?.reveal() ?? (await ensureSecret(dataDir)),
      ALLOW_LOOPBACK_PROVIDERS: 'true',
      CORS_ORIGINS: '*',
    })
    const server = await startServer({ settings, log: createLog({ level: 'warn' }), host: '127.0.0.1' })
    undo.push(server.close)
    return { devnet, server, dataDir: kept, llmUrl, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The secret of this DATA_DIR, made on the first use and readable by its owner only. */
async function ensureSecret(dataDir: string): Promise<string> {
  const file = join(dataDir, 'broker-secret')
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  await writeFile(file, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  })
  return (await readFile(file, 'utf8')).trim()
}
