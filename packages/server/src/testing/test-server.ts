import { sql } from 'kysely'
import { readSettings, type Settings } from '../config/env.ts'
import type { Seams } from '../context.ts'
import { createLog } from '../platform/log.ts'
import { type RunningServer, startServer } from '../server.ts'
import { type RpcProxy, startRpcProxy } from './rpc-proxy.ts'
import { createTestClock, type TestClock } from './test-clock.ts'
import type { DatabaseKind, DatabasePlace } from './test-databases.ts'
import type { TestNetwork } from './test-network.ts'
import { createTestUser, type TestUser } from './test-user.ts'

export type Row = Record<string, unknown>

export type Answer = {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: what a test reads here is what it checks
  body: any
  /** The body as it came. */
  text: string
}

export type TestServerOptions = {
  network: TestNetwork
  settings?: Partial<Settings>
  clock?: TestClock
  /** The preferred kind, when it does not matter. */
  database?: DatabaseKind
  /** An existing place; its owner removes it. */
  place?: DatabasePlace
  seams?: Seams
}

export type TestServer = Awaited<ReturnType<typeof startTestServer>>

export const testSecret = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'

/** The settings of a server on `network`, as an operator would set them. */
export function testSettings(options: { rpcUrl: string; place: DatabasePlace }): Settings {
  return readSettings({
    PORT: '0',
    COMPUTE_RPC_URL: options.rpcUrl,
    CHAIN_ID: '31337',
    CORS_ORIGINS: 'https://app.example',
    BROKER_SECRET: testSecret,
    ALLOW_LOOPBACK_PROVIDERS: 'true',
    LOG_LEVEL: 'debug',
    DATABASE_URL: options.place.DATABASE_URL ?? '',
    DATA_DIR: options.place.DATA_DIR ?? '',
  })
}

/** The real service on a free port, with a database of its own, a clock that the test moves and its RPC behind a proxy. */
export async function startTestServer(options: TestServerOptions) {
  const { network, clock = createTestClock(), seams = {} } = options
  const { devnet, databases } = network
  const place = options.place ?? (await databases.create(options.database ?? databases.preferred))
  const rpc: RpcProxy = await startRpcProxy(devnet.rpcUrl)
  const settings = { ...testSettings({ rpcUrl: rpc.url, place }), ...options.settings }
  const lines: string[] = []
  const log = createLog({ level: settings.LOG_LEVEL, destination: { write: (line) => void lines.push(line) } })
  const start = () => startServer({ settings, log, clock, seams, host: '127.0.0.1', checkResponses: true })

  let running: RunningServer | undefined
  const stop = async () => {
    await running?.close()
    running = undefined
  }
  const close = async () => {
    await stop()
    await rpc[Symbol.asyncDispose]()
    if (!options.place) await databases.remove(place)
  }
  const current = () => {
    if (!running) throw new Error('The server is stopped')
    return running
  }
  const request = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(current().url + path, init)
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: parseJson(text), text }
  }

  const server = {
    network,
    devnet,
    clock,
    rpc,
    settings,
    place,
    /** Changes with each restart. */
    get url() {
      return current().url
    },
    get context() {
      return current().context
    },
    /** Everything logged, as written. */
    logLines: (): readonly string[] => lines,
    /** Logged lines with this message, parsed. */
    logged: (message: string): Row[] =>
      lines.map((line) => JSON.parse(line) as Row).filter(({ msg }) => msg === message),

    request,
    get: (path: string, headers: Record<string, string> = {}) => request(path, { headers }),
    post: (path: string, body: unknown) =>
      request(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),

    /** All rows of a table, or those of one user. */
    async rows(table: string, user?: { address: string }): Promise<Row[]> {
      const { rows } = await sql<Row>`select * from ${sql.table(table)}`.execute(current().context.db)
      return rows.filter((row) => !user || row.user_address === user.address || row.address === user.address)
    },

    /** Every row of every table as text; bytes as Latin-1, so that text hidden in them is found. */
    async dump(): Promise<string> {
      const { db } = current().context
      const { rows: tables } = await sql<{ name: string }>`
        select table_name as name from information_schema.tables where table_schema = 'public' order by 1`.execute(db)
      const dumped = await Promise.all(tables.map(async ({ name }) => [name, await server.rows(name)]))
      return JSON.stringify(dumped, (_key, value: unknown) =>
        typeof value === 'bigint' ? String(value) : asText(value),
      )
    },

    /** A user whom nobody knows, with 100 OG in the wallet, of which `deposit` goes into the ledger. */
    newUser: (wants: { deposit?: string } = {}): Promise<TestUser> => createTestUser(server, wants),

    stop,
    async start(): Promise<void> {
      running = await start()
    },
    /** Another process on the same data: what was only in memory is gone. */
    async restart(): Promise<void> {
      await stop()
      running = await start()
    },
    [Symbol.asyncDispose]: close,
  }

  try {
    running = await start()
    return server
  } catch (error) {
    await close()
    throw error
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** JSON.stringify has already called toJSON of a Buffer. */
function asText(value: unknown): unknown {
  const isBuffer = typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer'
  return isBuffer && 'data' in value ? Buffer.from(value.data as number[]).toString('latin1') : value
}
