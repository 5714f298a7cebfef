import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { readTestSettings } from '../config/env.ts'
import { connectPostgres, openEmbedded } from '../database/connect.ts'
import { migrate } from '../database/migrate.ts'

export type DatabaseKind = 'postgres' | 'embedded'

/** What a server needs to find its database; one of the two is set. */
export type DatabasePlace = { DATABASE_URL: string | undefined; DATA_DIR: string | undefined }

export type TestDatabases = Awaited<ReturnType<typeof openTestDatabases>>

export const howToStartPostgres =
  'Postgres does not answer: start one with `docker run -p 127.0.0.1:5432:5432 -e POSTGRES_HOST_AUTH_METHOD=trust postgres:15`, or set TEST_DATABASE_URL'

const prefix = 'dreamscape_test_'
const cacheFolder = fileURLToPath(new URL('../../../../node_modules/.cache/dreamscape', import.meta.url))

/** Hands out empty databases, those on Postgres migrated, and removes every one of them at its end. Throws when CI has no Postgres. */
export async function openTestDatabases() {
  const { TEST_DATABASE_URL: adminUrl, CI: isRequired } = readTestSettings()
  const admin = await connectAdmin(adminUrl)
  if (!admin && isRequired) throw new Error(howToStartPostgres)
  if (admin) await removeOrphans(admin)
  const family = `${prefix}${process.pid}_${randomBytes(4).toString('hex')}`
  const names = new Set<string>()
  const folders = new Set<string>()
  let template: Promise<string> | undefined

  async function createNamed(name: string, from: string): Promise<string> {
    if (!admin) throw new Error(howToStartPostgres)
    names.add(name)
    await admin.query(`create database ${name} template ${from}`)
    return Object.assign(new URL(adminUrl), { pathname: `/${name}` }).href
  }

  async function makeTemplate(): Promise<string> {
    const name = `${family}_template`
    const { db, close } = connectPostgres(await createNamed(name, 'template1'))
    await migrate(db).finally(close)
    return name
  }

  async function makeFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'dreamscape-test-'))
    folders.add(folder)
    return folder
  }

  async function create(kind: DatabaseKind): Promise<DatabasePlace> {
    if (kind === 'postgres') {
      template ??= makeTemplate()
      return { DATABASE_URL: await createNamed(`${family}_${names.size}`, await template), DATA_DIR: undefined }
    }
    const folder = await makeFolder()
    await cp(await ensureEmbeddedTemplate(), folder, { recursive: true })
    return { DATABASE_URL: undefined, DATA_DIR: folder }
  }

  async function drop(name: string): Promise<void> {
    await admin?.query(`drop database if exists ${name} with (force)`)
    names.delete(name)
  }

  return {
    hasPostgres: admin !== undefined,
    /** The kind that tests use when they do not care. */
    preferred: (admin ? 'postgres' : 'embedded') satisfies DatabaseKind as DatabaseKind,
    create,
    async remove({ DATABASE_URL: url, DATA_DIR: folder }: DatabasePlace): Promise<void> {
      if (url) await drop(new URL(url).pathname.slice(1))
      if (folder) await rm(folder, { recursive: true, force: true })
    },

    async [Symbol.asyncDispose](): Promise<void> {
      for (const name of names) await drop(name)
      await Promise.all([...folders].map((folder) => rm(folder, { recursive: true, force: true })))
      await admin?.end()
    },
  }
}

/** An empty database, kept between runs: making one takes seconds, copying it does not. */
async function ensureEmbeddedTemplate(): Promise<string> {
  const folder = join(cacheFolder, `pglite-${pgliteVersion()}`)
  if (existsSync(folder)) return folder
  await mkdir(cacheFolder, { recursive: true })
  const fresh = await mkdtemp(join(cacheFolder, 'pglite-'))
  const { close } = await openEmbedded(fresh)
  await close()
  // It fails when another process was faster.
  await rename(fresh, folder).catch(() => rm(fresh, { recursive: true, force: true }))
  return folder
}

function pgliteVersion(): string {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite')
  return JSON.parse(readFileSync(join(dirname(entry), '../package.json'), 'utf8')).version
}

/** Whether the server of TEST_DATABASE_URL lets us in. */
export async function doesPostgresAnswer(): Promise<boolean> {
  const admin = await connectAdmin(readTestSettings().TEST_DATABASE_URL)
  await admin?.end()
  return admin !== undefined
}

async function connectAdmin(connectionString: string): Promise<pg.Client | undefined> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2_000 })
  try {
    await client.connect()
    return client
  } catch {
    return undefined
  }
}

/** Drops what test processes left behind that were killed. */
async function removeOrphans(admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<{ datname: string }>('select datname from pg_database where datname like $1', [
    `${prefix.replaceAll('_', '\\_')}%`,
  ])
  for (const { datname } of rows) {
    if (isAlive(Number(/_(\d+)_/.exec(datname.slice(prefix.length - 1))?.[1]))) continue
    // It fails for one that is in use or already gone.
    await admin.query(`drop database ${datname}`).catch(() => {})
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
