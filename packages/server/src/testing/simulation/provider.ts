import type { Address } from 'viem'
import type { Plan } from '../../features/analysis/plan.ts'
import type { ChatOutcome } from '../../provider/chat.ts'
import type { Random } from '../chaos/random.ts'
import type { ModelChain } from './chain/model-chain.ts'

/** 0G providers want so much to stay locked. */
const minimumLock = 10n ** 18n

const outputPrice = 10n ** 13n

const emptyHash = '0'.repeat(64)
const noBytes = Buffer.alloc(0)

/** Every second answer is out of form and has to be repaired: by a request of its own name. */
const repairNames = 128
const maxRepairTokens = 300

/** What the request that repairs the answer to request `name` is called. */
export const repairName = (name: number): number => name + repairNames

export type ModelProvider = ReturnType<typeof createModelProvider>

/** A provider that bills what it answers, also to those who do not hear it, and collects on chain now and then. */
export function createModelProvider(options: { address: Address; chain: ModelChain; random: Random }) {
  const { address, chain, random } = options
  /** What each broker was ever billed. */
  const billed = new Map<Address, bigint>()
  /** How often each request was billed, by what its body says. */
  const answers = new Map<string, number>()

  const owedBy = (broker: Address): bigint => (billed.get(broker) ?? 0n) - chain.books.takenBy(address, broker)

  function spare(broker: Address): bigint {
    const account = chain.books.holdingOf(broker).ledger?.subAccounts.find((item) => item.provider === address)
    return (account?.balance ?? 0n) - (account?.pendingRefund ?? 0n) - owedBy(broker) - minimumLock
  }

  return {
    owedBy,
    billedTo: (broker: Address): bigint => billed.get(broker) ?? 0n,
    answers: (): ReadonlyMap<string, number> => answers,

    /** Answers a request of `broker` and bills it, or refuses it, which costs nothing. */
    chat({ broker, body }: { broker: Address; body: Uint8Array }): ChatOutcome {
      if (spare(broker) < 0n) return { state: 'refused', reason: 'balance', status: 400 }
      const completionTokens = (body[0] ?? 0) < repairNames ? random.int(50, 900) : random.int(10, maxRepairTokens)
      billed.set(broker, (billed.get(broker) ?? 0n) + BigInt(completionTokens) * outputPrice)
      const name = String(body)
      answers.set(name, (answers.get(name) ?? 0) + 1)
      return {
        state: 'answered',
        chatId: undefined,
        content: '',
        finishReason: 'stop',
        usage: { promptTokens: 0, completionTokens, cachedTokens: 0 },
        responseHash: emptyHash,
        responseBytes: noBytes,
      }
    },

    /** Collects what a broker owes, as far as it is there. */
    settle: (broker: Address): void => {
      const isUnderWay = chain.mempool.list().some(({ kind }) => kind === 'settlement')
      const fee = isUnderWay ? 0n : owedBy(broker)
      if (fee > 0n) chain.world.settle(address, broker, fee)
    },

    /** A request named `name` and the most it can cost, and the one that repairs its answer, if that has to be. */
    planFor: (name: number): { plan: Plan; repair: Plan | undefined } => ({
      plan: planOf(name, 1_000n),
      repair: name % 2 === 0 ? planOf(repairName(name), BigInt(maxRepairTokens)) : undefined,
    }),
  }

  function planOf(name: number, maxTokens: bigint): Plan {
    return {
      service: {
        provider: address,
        baseUrl: 'http://simulated',
        model: 'simulated',
        inputPrice: 0n,
        outputPrice,
        verifiability: 'TeeML',
        additionalInfo: '{}',
        teeSigner: address,
        pricing: { inputPrice: 0n, outputPrice, tiers: [], cacheDivisor: undefined },
      },
      body: Uint8Array.of(name),
      requestHash: emptyHash,
      worstCase: maxTokens * outputPrice,
      maxResponseBytes: 0,
      maxContentLength: 0,
    }
  }
}
