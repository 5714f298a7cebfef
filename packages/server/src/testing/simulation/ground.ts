import type { BrokerSigner } from '../../chain/broker-signer.ts'
import type { ChainReader } from '../../chain/reader.ts'
import type { Transactions } from '../../chain/transactions.ts'
import type { Db } from '../../database/connect.ts'
import type { Clock } from '../../platform/clock.ts'
import { asAsync } from './as-async.ts'
import type { ModelChain } from './chain/model-chain.ts'
import { type Effects, failsLikeChain, failsLikeStore } from './effects.ts'
import type { Ground } from './instance.ts'
import { memoryStores, toDb } from './memory/as-db.ts'
import type { Fork, MemoryDatabase } from './memory/database.ts'
import { isRead } from './memory/reads.ts'
import type { Actor, Scheduler } from './scheduler.ts'

/** The transaction that is open, and whose it is: it ends with its owner. */
export type OpenTransaction = { owner: Actor; fork: Fork }

export type Shared = {
  scheduler: Scheduler
  effects: Effects
  database: MemoryDatabase
  chain: ModelChain
  transaction: { open: OpenTransaction | undefined }
  /** Tells the miners that there is something to do. */
  hasten: () => void
}

/** The adapters as one instance sees them: every call of them is an effect of it. */
export function groundOf(
  actor: Actor,
  shared: Shared,
): Pick<Ground, 'db' | 'signer' | 'reader' | 'transactions' | 'clock' | keyof typeof memoryStores> {
  const { scheduler, effects, database, chain, transaction } = shared
  const isFree = () => transaction.open === undefined

  /** A statement of its own waits while somebody's transaction is open, unless it only reads. */
  const single = <T>(method: string, call: () => T): Promise<T> => {
    const changes = !isRead(method)
    return effects(actor, {
      name: method,
      run: call,
      changes,
      guard: changes ? isFree : undefined,
      fail: failsLikeStore,
    })
  }

  async function execute<T>(work: (trx: Db) => Promise<T>): Promise<T> {
    const fork = await effects(actor, {
      name: 'begin',
      run: begin,
      changes: false,
      guard: isFree,
      fail: failsLikeStore,
    })
    const inside = <R>(method: string, call: () => R) =>
      effects(actor, { name: method, run: call, changes: false, guard: undefined, fail: failsLikeStore })
    try {
      const value = await work(toDb({ view: fork, run: inside, execute: refuseNested }))
      await effects(actor, { name: 'commit', run: () => end(fork, 'commit'), changes: true, fail: failsLikeStore })
      return value
    } catch (error) {
      end(fork, 'rollback')
      throw error
    }
  }

  function begin(): Fork {
    const fork = database.fork()
    transaction.open = { owner: actor, fork }
    return fork
  }

  function end(fork: Fork, how: 'commit' | 'rollback'): void {
    if (transaction.open?.fork !== fork) return
    transaction.open = undefined
    fork[how]()
  }

  const rpc = <T>(method: string, call: () => T): Promise<T> =>
    effects(actor, { name: method, run: call, changes: false, guard: undefined, fail: failsLikeChain })

  const { broadcast, ...quotes } = chain.transactions

  return {
    ...memoryStores,
    db: toDb({ view: database.view, run: single, execute }),
    signer: signerOf(chain),
    reader: asAsync(chain.reader, rpc) as ChainReader,
    transactions: {
      ...(asAsync(quotes, rpc) as Omit<Transactions, 'broadcast'>),
      broadcast: (raw) =>
        effects(actor, {
          name: 'broadcast',
          run() {
            shared.hasten()
            return broadcast(raw)
          },
          changes: true,
          fail: ({ resolve }) => resolve('unanswered'),
        }),
    },
    clock: clockOf(actor, scheduler),
  }
}

async function refuseNested(): Promise<never> {
  throw new Error('A transaction within a transaction')
}

/** Keys are in memory: signing is no effect. */
function signerOf({ signer }: ModelChain): BrokerSigner {
  return {
    ...signer,
    signTransaction: async (request) => signer.signTransaction(request),
    signSession: async (user, hash) => signer.signSession(user, hash),
  }
}

function clockOf(actor: Actor, scheduler: Scheduler): Clock {
  return {
    now: scheduler.now,
    // NOTE nobody stops an instance in good order here, so no signal ever cuts a wait short.
    wait: (durationMs) =>
      new Promise((resolve) => {
        scheduler.plan(actor, { afterMs: durationMs, isEffect: true, fire: resolve })
      }),
    deadline: () => neverAborted,
  }
}

/** An answer of the model provider comes at once or never. */
const neverAborted = new AbortController().signal
