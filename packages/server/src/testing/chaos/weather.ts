import { setTimeout as wait } from 'node:timers/promises'
import type { Devnet } from '@dreamscape/devnet/devnet'
import type { Fault } from '@dreamscape/devnet/provider/faults'
import type { Disturbance, RpcProxy } from '../rpc-proxy.ts'
import type { Kills } from './kills.ts'
import type { Random } from './random.ts'

/** No dream costs this little, so whoever was told it is known by it. */
export const falseUsage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 }

/** Says something of a dream in no form that could be read, so that it is repaired where that is covered. */
const shapeless =
  'The dark sea may stand for what you do not see, and the white bird for what you hope. Stay with the bird.'

type Season = 'calm' | 'rough' | 'lossy' | 'underpriced'

export type Weather = ReturnType<typeof createWeather>

/** Everything outside the servers that goes wrong: the node, the miners, the providers. */
export function createWeather(options: { devnet: Devnet; rpc: RpcProxy; random: Random; kills: Kills }) {
  const { devnet, rpc, random, kills } = options
  const counts = new Map<string, number>()
  const count = (what: string) => void counts.set(what, (counts.get(what) ?? 0) + 1)
  let season: Season = 'calm'

  function chooseDisturbance(methods: readonly string[]): Disturbance | undefined {
    const isSending = methods.every((method) => method === 'eth_sendRawTransaction')
    if (isSending && season === 'underpriced' && random.chance(0.5)) {
      return { kind: 'underpriced', isForwarded: random.chance(0.4) }
    }
    const probability = season === 'calm' ? 0.01 : isSending && season === 'lossy' ? 0.6 : 0.1
    if (!random.chance(probability)) return undefined
    const kind = random.weighted({ 'lost-request': 2, 'lost-answer': 3, status: 1, delay: 2 })
    if (kind === 'status') return { kind, status: random.pick([500, 502, 503]) }
    if (kind === 'delay') return { kind, delayMs: random.int(20, 600) }
    return { kind }
  }

  function chooseFault(): Fault {
    const wanted = kills.isRare('reservation-unknown')
      ? { 'drop-mid-stream': 3 }
      : kills.isRare('reservation-released')
        ? { 503: 3 }
        : {}
    const kind = random.weighted({
      hang: 1,
      'drop-before-answer': 1,
      'drop-mid-stream': 2,
      'no-usage': 1,
      'bad-usage': 1,
      500: 1,
      503: 1,
      429: 1,
      'refuse-balance': 1,
      'late-signature': 1,
      'missing-signature': 1,
      'raw-answer': 2,
      delay: 1,
      ...wanted,
    })
    switch (kind) {
      case 'hang':
      case 'drop-before-answer':
      case 'drop-mid-stream':
      case 'no-usage':
      case 'refuse-balance':
      case 'missing-signature':
        return { kind }
      case 'bad-usage':
        return { kind, usage: falseUsage }
      case 'raw-answer':
        return { kind, content: shapeless }
      case 'late-signature':
        return { kind, misses: random.int(1, 4) }
      case 'delay':
        return { kind, delayMs: random.int(200, 6_000) }
      default:
        return { kind: 'status', status: Number(kind) }
    }
  }

  /** Blocks come late for a while; what was sent waits. */
  async function pauseMining(): Promise<void> {
    count('mining paused')
    await devnet.testClient.setAutomine(false)
    await wait(random.int(500, 4_000))
    await resumeMining()
  }

  async function resumeMining(): Promise<void> {
    await devnet.testClient.setAutomine(true)
    await devnet.testClient.mine({ blocks: 1 })
  }

  const loops = (signal: AbortSignal) => ({
    async seasons() {
      while (!signal.aborted) {
        season = kills.isRare('transaction-replaced')
          ? random.weighted({ calm: 1, rough: 1, underpriced: 3 })
          : random.weighted({ calm: 4, rough: 2, lossy: 2, underpriced: 1 })
        count(`node ${season}`)
        await pause(random.int(2_000, 5_000), signal)
      }
    },
    async providers() {
      while (!signal.aborted) {
        const provider = devnet.providers[random.int(0, 3) === 0 ? 1 : 0]
        const fault = chooseFault()
        provider?.order(fault)
        count(`provider ${fault.kind}${fault.kind === 'status' ? ` ${fault.status}` : ''}`)
        await pause(random.int(300, 2_000), signal)
      }
    },
    async miners() {
      while (!signal.aborted) {
        await pause(random.int(6_000, 15_000), signal)
        if (!signal.aborted) await pauseMining()
      }
    },
    async settlements() {
      while (!signal.aborted) {
        await pause(random.int(2_000, 9_000), signal)
        await devnet.settle()
        count('settlement')
      }
    },
  })

  return {
    counts: (): ReadonlyMap<string, number> => counts,

    /** Blows until `signal` aborts. */
    async blow(signal: AbortSignal): Promise<void> {
      rpc.disturb((methods) => {
        const disturbance = chooseDisturbance(methods)
        if (disturbance) count(`node ${disturbance.kind}`)
        return disturbance
      })
      const { seasons, providers, miners, settlements } = loops(signal)
      await Promise.all([seasons(), providers(), miners(), settlements()])
    },

    /** Ends everything, also faults that were ordered and not yet met. */
    async heal(): Promise<void> {
      rpc.heal()
      await resumeMining()
    },
  }
}

/** Ends early when `signal` aborts. */
export async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  await wait(durationMs, undefined, { signal }).catch(() => {})
}
