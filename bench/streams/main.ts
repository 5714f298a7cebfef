import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Devnet, startDevnet } from '@dreamscape/devnet/devnet'
import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { connectPostgres } from '@dreamscape/server/database/connect'
import { createRandom } from '@dreamscape/server/testing/chaos/random'
import { openTestDatabases } from '@dreamscape/server/testing/test-databases'
import { type Account, openAccount } from '../account.ts'
import { startServerProcess } from '../server-process.ts'

const usage = `npm run bench:streams [-- --disconnects N --seed N --json]
  lets readers of streamed analyses leave at any moment, and others never read, and looks at bills and memory`

const bars = { errorNeuron: 0n, bytesPerReader: 2 * 1024 * 1024 }
const accounts = 8
const readers = 20
const pauseMs = 10
const floodBytes = 20_000_000
const dream = 'I stood at the sea and a white bird came out of the water. My grandmother called me, and I was calm.'

const { values } = parseArgs({
  options: {
    disconnects: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) process.stdout.write(`${usage}\n`)
else await run(Number(values.disconnects), Number(values.seed))

async function run(disconnects: number, seed: number): Promise<void> {
  await using devnet = await startDevnet()
  const [provider] = devnet.providers
  if (!provider) throw new Error('The devnet has no provider')
  await using databases = await openTestDatabases()
  const { DATABASE_URL } = await databases.create('postgres')
  if (DATABASE_URL === undefined) throw new Error('This needs Postgres')
  await using server = await startServerProcess({
    COMPUTE_RPC_URL: devnet.rpcUrl,
    CHAIN_ID: String(devnet.chainId),
    BROKER_SECRET: '5e'.repeat(32),
    ALLOW_LOOPBACK_PROVIDERS: 'true',
    ANALYSIS_DEADLINE_SECONDS: '20',
    DATABASE_URL,
  })
  const users = await Promise.all(Array.from({ length: accounts }, () => openAccount({ url: server.url, devnet })))
  await Promise.all(users.map(async (user) => leave(server.url, await user.signAnalyze(dream), undefined)))

  const billing = await leaveAtRandom({
    url: server.url,
    users,
    provider,
    disconnects,
    seed,
    databaseUrl: DATABASE_URL,
  })
  const memory = await neverRead({ server, users, devnet, provider })
  const verdicts = [
    {
      bar: `${disconnects} disconnects billed as the provider billed`,
      value: `${billing.errorNeuron} neuron off`,
      isMet: billing.errorNeuron === bars.errorNeuron,
    },
    {
      bar: 'every one who heard the beginning of an answer was billed for it',
      value: `${billing.paid} paid analyses, ${billing.refused} answers that were none`,
      isMet: billing.paid >= billing.later && billing.refused === 0,
    },
    {
      bar: `${readers} readers that never read a ${floodBytes / 1e6} MB stream: at most 2 MB each`,
      value: `${(memory.bytesPerReader / 1024).toFixed(0)} kB`,
      isMet: memory.bytesPerReader <= bars.bytesPerReader,
    },
    {
      bar: 'all of them were there, and were let go by the deadline',
      value: `${memory.firstHeld} at first, ${memory.stillHeld} still held`,
      isMet: memory.firstHeld >= readers && memory.stillHeld === 0,
    },
  ]
  if (values.json) {
    const told = { ...billing, errorNeuron: String(billing.errorNeuron), ...memory, verdicts }
    process.stdout.write(`${JSON.stringify(told, undefined, 2)}\n`)
  } else {
    process.stdout.write(`left ${billing.beforeHeaders} times before the first byte and ${billing.later} times later\n`)
    for (const { bar, value, isMet } of verdicts)
      process.stdout.write(`${isMet ? 'met   ' : 'MISSED'} ${bar}: ${value}\n`)
  }
  if (verdicts.some(({ isMet }) => !isMet)) process.exitCode = 1
}

/** Each reader leaves after so many bytes as chance says, or before there are any. */
async function leaveAtRandom(options: {
  url: string
  users: readonly Account[]
  provider: DevnetProvider
  disconnects: number
  seed: number
  databaseUrl: string
}) {
  const { url, users, provider, disconnects, seed, databaseUrl } = options
  const random = createRandom(seed)
  let beforeHeaders = 0
  let refused = 0
  let done = 0
  await Promise.all(
    users.map(async (user, lane) => {
      for (let index = lane; index < disconnects; index += users.length) {
        const bytes = random.chance(0.3) ? 0 : random.int(1, 4_000)
        const afterMs = random.int(0, 40)
        const body = await user.signAnalyze(`${dream} ${index}`, { model: 'llama', level: random.int(1, 7) })
        const heard = await leave(url, body, { bytes, afterMs })
        if (heard === '') beforeHeaders += 1
        else if (!heard.startsWith('HTTP/1.1 200 ')) refused += 1
        done += 1
        if (done % 100 === 0) process.stderr.write(`${done} of ${disconnects} left\n`)
      }
    }),
  )
  const { db, close } = connectPostgres(databaseUrl)
  try {
    // The runs go on without their readers; nothing is held once they have ended.
    for (;;) {
      const held = await db.selectFrom('reservation').select('id').where('state', 'in', ['held', 'unknown']).execute()
      if (held.length === 0) break
      await wait(pauseMs)
    }
    const paid = await db
      .selectFrom('reservation')
      .select('id')
      .where('state', '=', 'charged')
      .where('cost', '>', 0n)
      .execute()
    const books = await db.selectFrom('sub_account').select(['user_address', 'charged']).execute()
    const errors = users.map(({ address, brokerAddress }) => {
      const charged = books.find((book) => book.user_address === address)?.charged ?? 0n
      const error = charged - provider.unsettledFee(brokerAddress)
      return error < 0n ? -error : error
    })
    return {
      errorNeuron: errors.reduce((sum, error) => sum + error, 0n),
      beforeHeaders,
      later: disconnects - beforeHeaders,
      paid: paid.length,
      refused,
    }
  } finally {
    await close()
  }
}

/** Sends a request and leaves as told, or not before its end. Returns what it heard of the answer. */
function leave(url: string, body: string, when: { bytes: number; afterMs: number } | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = ''
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(requestOf(body)))
    if (when?.bytes === 0) setTimeout(() => socket.destroy(), when.afterMs)
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1')
      if (when && received.length >= when.bytes) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(received))
  })
}

/** Readers that take nothing of a stream that goes on and on. */
async function neverRead(options: {
  server: { url: string; pid: number }
  users: readonly Account[]
  devnet: Devnet
  provider: DevnetProvider
}) {
  const { server, users, provider } = options
  const before = await residentBytes(server.pid)
  let highest = before
  const sockets = []
  for (let index = 0; index < readers; index += 1) {
    provider.order({ kind: 'flood', bytes: floodBytes })
    const user = users[index % users.length]
    if (!user) break
    const body = await user.signAnalyze(`${dream} Flood ${index}.`, { model: 'llama', level: 7 })
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.write(requestOf(body)))
    socket.pause()
    socket.on('error', () => {})
    await once(socket, 'connect')
    sockets.push(socket)
  }
  const deadline = Date.now() + 25_000
  const firstHeld = await countOpen(
    server.pid,
    sockets.map((socket) => socket.localPort ?? 0),
  )
  let stillHeld = readers
  while (Date.now() < deadline && stillHeld > 0) {
    highest = Math.max(highest, await residentBytes(server.pid))
    await wait(pauseMs)
    stillHeld = await countOpen(
      server.pid,
      sockets.map((socket) => socket.localPort ?? 0),
    )
  }
  for (const socket of sockets) socket.destroy()
  return { bytesPerReader: (highest - before) / readers, firstHeld, stillHeld }
}

function requestOf(body: string): string {
  return [
    'POST /api/ai/analyze HTTP/1.1',
    'Host: localhost',
    'Content-Type: application/json',
    'Accept: text/event-stream',
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n')
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}

/** How many of our sockets the server has still open: the kernel lists them by the port at the other end. */
async function countOpen(pid: number, ports: readonly number[]): Promise<number> {
  const established = '01'
  const wanted = new Set(ports.map((port) => port.toString(16).toUpperCase().padStart(4, '0')))
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8')))
  const lines = tables.flatMap((table) => table.trim().split('\n').slice(1))
  return lines.filter((line) => {
    const [, , remote, state] = line.trim().split(/\s+/)
    return state === established && wanted.has(remote?.split(':')[1] ?? '')
  }).length
}
