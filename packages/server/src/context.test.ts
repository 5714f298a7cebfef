import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createContext } from './context.ts'
import { StartupError } from './platform/errors.ts'
import { createLog } from './platform/log.ts'
import { Secret } from './platform/secret.ts'
import { createTestClock } from './testing/test-clock.ts'
import type { DatabasePlace } from './testing/test-databases.ts'
import { startTestNetwork, type TestNetwork } from './testing/test-network.ts'
import { testSettings } from './testing/test-server.ts'

let network: TestNetwork
beforeAll(async () => {
  network = await startTestNetwork()
})
afterAll(() => network.close())

const log = createLog({ level: 'silent' })

type Start = { place: DatabasePlace; rpcUrl?: string; settings?: object }

function start({ place, rpcUrl = network.devnet.rpcUrl, settings }: Start) {
  return createContext({
    settings: { ...testSettings({ rpcUrl, place }), ...settings },
    log,
    clock: createTestClock(),
  })
}

/** Starts all parts, and ends them with the test. */
async function open(options: Start) {
  const context = await start(options)
  onTestFinished(() => context.close())
  return context
}

/** A first run of the service, which is over. */
async function runBefore(options: Start): Promise<void> {
  const context = await start(options)
  await context.close()
}

async function makePlace(kind = network.databases.preferred): Promise<DatabasePlace> {
  const place = await network.databases.create(kind)
  onTestFinished(() => network.databases.remove(place))
  return place
}

async function expectRefusal(start: Promise<unknown>, reason: string | RegExp): Promise<void> {
  const error = await start.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(StartupError)
  expect((error as Error).message).toMatch(reason)
}

describe('createContext', () => {
  test('starts on Postgres or an embedded database', async () => {
    const context = await open({ place: await makePlace() })

    expect(await context.healthChecks.check()).toEqual({ chain: 'ok', database: 'ok', providers: 'ok' })
  })

  test('refuses a data folder that another one holds, and names the holder', async () => {
    const place = await makePlace('embedded')
    await open({ place })

    await expectRefusal(open({ place }), `DATA_DIR ${place.DATA_DIR} is held by process ${process.pid}`)
  })

  test('refuses a database made with another BROKER_SECRET', async () => {
    const place = await makePlace()
    await runBefore({ place })

    await expectRefusal(
      open({ place, settings: { BROKER_SECRET: new Secret('ff'.repeat(32)) } }),
      'BROKER_SECRET is not the one this database was made with',
    )
  })

  test('refuses the journal of another chain that has the same id', async () => {
    const place = await makePlace()
    await runBefore({ place })
    await using other = await startTestNetwork()

    await expectRefusal(
      open({ place, rpcUrl: other.devnet.rpcUrl }),
      /^This database belongs to another chain with the id 31337: .* Use an empty database, or the chain it was made with$/,
    )
  })

  test('refuses a CHAIN_ID that the RPC is not on', async () => {
    const place = await makePlace()

    await expectRefusal(
      open({ place, settings: { CHAIN_ID: 16602 } }),
      'COMPUTE_RPC_URL is on chain 31337, but CHAIN_ID is 16602: correct one of them',
    )
  })

  test('refuses a chain whose contracts it does not know', async () => {
    const place = await makePlace()

    await expectRefusal(open({ place, settings: { CHAIN_ID: 1 } }), 'set LEDGER_CONTRACT and INFERENCE_CONTRACT')
  })

  test('refuses an RPC that does not answer, without telling its path, which may hold a key', async () => {
    const place = await makePlace()

    await expectRefusal(
      open({ place, rpcUrl: 'http://127.0.0.1:9/v1/a-secret-key' }),
      /^COMPUTE_RPC_URL http:\/\/127\.0\.0\.1:9 does not answer(?!.*secret)/,
    )
  })

  test('refuses contracts that are none', async () => {
    const place = await makePlace()
    const nobody = `0x${'11'.repeat(20)}`

    await expectRefusal(open({ place, settings: { LEDGER_CONTRACT: nobody } }), /LEDGER_CONTRACT|contract/i)
  })

  test('refuses a Postgres that does not answer', async () => {
    const place = { DATABASE_URL: 'postgres://nobody:a-secret@127.0.0.1:9/none', DATA_DIR: undefined }

    await expectRefusal(open({ place }), /^DATABASE_URL(?!.*a-secret)/)
  })

  test('lets go of the data folder when it cannot start', async () => {
    const place = await makePlace('embedded')
    await runBefore({ place })
    await expectRefusal(open({ place, settings: { BROKER_SECRET: new Secret('ff'.repeat(32)) } }), 'BROKER_SECRET')

    const again = await open({ place })

    expect((await again.healthChecks.check()).database).toBe('ok')
  })

  test('may be closed twice', async () => {
    const context = await start({ place: await makePlace() })

    await Promise.all([context.close(), context.close()])

    await expect(context.close()).resolves.toBeUndefined()
  })

  test('starts two at once on one new Postgres database', async ({ skip }) => {
    skip(!network.databases.hasPostgres)
    const place = await makePlace('postgres')

    const both = await Promise.all([open({ place }), open({ place })])

    expect(both).toHaveLength(2)
  })
})
