import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { parseArgs } from 'node:util'
import { startDevnet } from '@dreamscape/devnet/devnet'
import { openSdkAccount } from '@dreamscape/devnet/testing/sdk'
import { startRpcProxy } from '@dreamscape/server/testing/rpc-proxy'
import { openTestDatabases } from '@dreamscape/server/testing/test-databases'
import { openAccount } from '../account.ts'
import { startServerProcess } from '../server-process.ts'
import { median, quantile } from '../statistics.ts'
import { startLanguageModel, type Writing } from './language-model.ts'
import { directPath, type Path, type Reading, sdkPath, servicePath } from './paths.ts'

const usage = `npm run bench:analyze [-- --rounds N --json]
  compares an analysis through this service with a call straight to the provider and with the official SDK's way`

const dream = 'I walked along a river at night and the water rose slowly. I was not afraid.'
const warmUps = 20

/** Bars: what the service may add to a direct call, in milliseconds, and what it may ask of others for one analysis. */
const bars = { addedToFirstMs: 3, addedToEndMs: 5, rpcCalls: 0, providerCalls: 2 }

type Sample = Reading & { writing: Writing; startMs: number }
type Counts = { rpc: number; provider: number }
type Name = 'direct' | 'service' | 'sdk'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) process.stdout.write(`${usage}\n`)
else await run(Number(values.rounds))

async function run(rounds: number): Promise<void> {
  await using languageModel = await startLanguageModel()
  await using devnet = await startDevnet({ llmUrl: languageModel.url })
  const [provider] = devnet.providers
  if (!provider) throw new Error('The devnet has no provider')
  await using databases = await openTestDatabases()
  const place = await databases.create(databases.preferred)
  await using serviceRpc = await startRpcProxy(devnet.rpcUrl)
  await using sdkRpc = await startRpcProxy(devnet.rpcUrl)
  await using server = await startServerProcess({
    COMPUTE_RPC_URL: serviceRpc.url,
    CHAIN_ID: String(devnet.chainId),
    BROKER_SECRET: '5e'.repeat(32),
    ALLOW_LOOPBACK_PROVIDERS: 'true',
    ...(place.DATABASE_URL === undefined ? {} : { DATABASE_URL: place.DATABASE_URL }),
    ...(place.DATA_DIR === undefined ? {} : { DATA_DIR: place.DATA_DIR }),
  })
  const { signAnalyze } = await openAccount({ url: server.url, devnet })
  const sign = () => signAnalyze(dream)
  const service = servicePath({ url: server.url, sign })
  await service()

  const { sdk } = await openSdkAccount({ ...devnet, rpcUrl: sdkRpc.url }, provider)
  using _quiet = sdk
  const body = JSON.stringify({
    model: provider.model,
    messages: languageModel.messages(),
    stream: true,
    stream_options: { include_usage: true },
  })
  const { Authorization: authorization } = await sdk.broker.inference.getRequestHeaders(provider.address)
  const paths: Record<Name, Path> = {
    direct: directPath({ provider, authorization, body }),
    service,
    sdk: sdkPath({ broker: sdk.broker, provider, body }),
  }
  const samples: Record<Name, Sample[]> = { direct: [], service: [], sdk: [] }
  const counts: Record<Name, Counts> = {
    direct: { rpc: 0, provider: 0 },
    service: { rpc: 0, provider: 0 },
    sdk: { rpc: 0, provider: 0 },
  }
  using calls = countRequests(Number(new URL(provider.url).port))
  const rpcCalls = () => serviceRpc.calls().length + sdkRpc.calls().length

  for (let round = -warmUps; round < rounds; round += 1) {
    for (const name of ['direct', 'service', 'sdk'] as const) {
      const before = { rpc: rpcCalls(), provider: calls.count() }
      const startMs = performance.now()
      const reading = await paths[name]()
      if (round < 0) continue
      samples[name].push({ ...reading, startMs, writing: languageModel.writing() })
      counts[name].rpc += rpcCalls() - before.rpc
      counts[name].provider += calls.count() - before.provider
    }
    if (round > 0 && round % 20 === 0) process.stderr.write(`${round} of ${rounds} rounds\n`)
  }
  report({ rounds, samples, counts })
}

/** Counts what is asked of the HTTP server on `port`, which runs in this process. */
function countRequests(port: number) {
  let count = 0
  const channel = 'http.server.request.start'
  const listen = (message: unknown) => {
    const { request } = message as { request: IncomingMessage }
    if (request.socket.localPort === port) count += 1
  }
  subscribe(channel, listen)
  return {
    count: () => count,
    [Symbol.dispose]: () => void unsubscribe(channel, listen),
  }
}

function report(result: { rounds: number; samples: Record<Name, Sample[]>; counts: Record<Name, Counts> }): void {
  const { rounds, samples, counts } = result
  const measures = {
    'to the first delta': ({ firstMs, writing }: Sample) => firstMs - writing.firstMs,
    'to the end, proved': ({ doneMs, writing }: Sample) => doneMs - writing.lastMs,
    'in all': ({ doneMs, startMs }: Sample) => doneMs - startMs,
  }
  const rows = Object.entries(measures).flatMap(([measure, take]) =>
    Object.entries(samples).map(([name, list]) => {
      const values = list.map(take)
      return { measure, name, p50: median(values), p99: quantile(values, 0.99) }
    }),
  )
  const p50 = (measure: keyof typeof measures, name: Name) =>
    rows.find((row) => row.measure === measure && row.name === name)?.p50 ?? Number.NaN
  const added = (measure: keyof typeof measures) => p50(measure, 'service') - p50(measure, 'direct')
  const perRequest = (name: Name) => ({ rpc: counts[name].rpc / rounds, provider: counts[name].provider / rounds })
  const verdicts = [
    {
      bar: `first delta: at most ${bars.addedToFirstMs} ms more than direct`,
      value: added('to the first delta'),
      limit: bars.addedToFirstMs,
    },
    {
      bar: `end: at most ${bars.addedToEndMs} ms more than direct with its signature`,
      value: added('to the end, proved'),
      limit: bars.addedToEndMs,
    },
    { bar: `RPC calls an analysis: ${bars.rpcCalls}`, value: perRequest('service').rpc, limit: bars.rpcCalls },
    {
      bar: `provider calls an analysis: at most ${bars.providerCalls}`,
      value: perRequest('service').provider,
      limit: bars.providerCalls,
    },
  ].map((verdict) => ({ ...verdict, isMet: verdict.value <= verdict.limit }))
  const calls = Object.fromEntries((['direct', 'service', 'sdk'] as const).map((name) => [name, perRequest(name)]))

  if (values.json) process.stdout.write(`${JSON.stringify({ rounds, rows, calls, verdicts }, undefined, 2)}\n`)
  else {
    const lines = [
      `${rounds} rounds, one request after the other, milliseconds from when the model writes (in all: from the request)`,
      ...rows.map(
        ({ measure, name, p50, p99 }) =>
          `${measure.padEnd(22)}${name.padEnd(10)}p50 ${p50.toFixed(2).padStart(8)}   p99 ${p99.toFixed(2).padStart(8)}`,
      ),
      ...Object.entries(calls).map(
        ([name, { rpc, provider }]) =>
          `calls an analysis     ${name.padEnd(10)}RPC ${rpc.toFixed(2)}   provider ${provider.toFixed(2)}`,
      ),
      ...verdicts.map(({ bar, value, isMet }) => `${isMet ? 'met   ' : 'MISSED'} ${bar}: ${value.toFixed(2)}`),
    ]
    process.stdout.write(`${lines.join('\n')}\n`)
  }
  if (verdicts.some(({ isMet }) => !isMet)) process.exitCode = 1
}
