import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { howToStartPostgres, openTestDatabases, type TestDatabases } from '../testing/test-databases.ts'
import { connectPostgres } from './connect.ts'

const timeouts = { statementMs: 200, queryMs: 400 }
const unavailable = { code: 'store-unavailable' }

let databases: TestDatabases
let url: string
beforeAll(async () => {
  databases = await openTestDatabases()
  if (databases.hasPostgres) url = String((await databases.create('postgres')).DATABASE_URL)
})
beforeEach(({ skip }) => skip(!databases.hasPostgres, howToStartPostgres))
afterAll(() => databases[Symbol.asyncDispose]())

describe('Postgres that', () => {
  test('takes too long over a statement is told to stop, and serves on', async () => {
    const db = open(url)

    const slow = sql`select pg_sleep(20)`.execute(db)

    await expect(slow).rejects.toMatchObject(unavailable)
    await expect(sql`select 1`.execute(db)).resolves.toBeDefined()
  })

  test('falls silent is given up, and used again when it speaks', async () => {
    const line = await openLine()
    const db = open(line.url)
    await sql`select 1`.execute(db)
    line.fallSilent()

    const plain = sql`select 1`.execute(db)
    const inTransaction = db.transaction().execute(async (trx) => sql`select 1`.execute(trx))

    await expect(plain).rejects.toMatchObject(unavailable)
    await expect(inTransaction).rejects.toMatchObject(unavailable)
    line.speakAgain()
    await expect(sql`select 1`.execute(db)).resolves.toBeDefined()
  })

  test('falls silent within a transaction undoes it', async () => {
    const line = await openLine()
    const db = open(line.url)
    await sql`create table if not exists trace (id int)`.execute(db)

    const broken = db.transaction().execute(async (trx) => {
      await sql`insert into trace values (1)`.execute(trx)
      line.fallSilent()
      await sql`insert into trace values (2)`.execute(trx)
    })

    await expect(broken).rejects.toMatchObject(unavailable)
    line.speakAgain()
    expect((await sql`select * from trace`.execute(db)).rows).toEqual([])
  })
})

function open(databaseUrl: string) {
  const { db, close } = connectPostgres(databaseUrl, timeouts)
  onTestFinished(close)
  return db
}

/** A way to Postgres that can swallow what is sent over its connections; those opened after `speakAgain` work. */
async function openLine() {
  let isSilent = false
  const sockets = new Set<Socket>()
  const { hostname, port } = new URL(url)
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    let isDead = false
    const pass = (to: Socket) => (bytes: Buffer) => {
      isDead ||= isSilent
      if (!isDead) to.write(bytes)
    }
    near.on('data', pass(far)).on('error', () => {})
    far.on('data', pass(near)).on('error', () => {})
    near.once('close', () => far.destroy())
    far.once('close', () => near.destroy())
    sockets.add(near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address() as AddressInfo
  return {
    url: Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(address.port) }).href,
    fallSilent: () => {
      isSilent = true
    },
    speakAgain: () => {
      isSilent = false
    },
  }
}
