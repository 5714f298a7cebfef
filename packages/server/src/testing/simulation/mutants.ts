import type { Db } from '../../database/connect.ts'
import type { Hex } from '../../platform/hex.ts'
import type { Ground } from './instance.ts'

/** A mistake that somebody could make. What it remembers is shared by all instances of one schedule. */
export type Mutation = (ground: Ground) => Ground

type Mutant = {
  /** Leaves out the unique keys on signed requests. */
  hasUniqueDigests?: false
  mutate?: () => Mutation
}

/** Every one of them must be found: a simulation that does not see a mistake proves nothing. */
export const mutants = {
  'fresh nonce on replacement': {
    mutate: () => {
      return (ground) => ({
        ...ground,
        signer: {
          ...ground.signer,
          async signTransaction(request) {
            // What is signed for the first time is not in the journal yet.
            const open = await ground.journalOf(ground.db).findOpen(request.user)
            const nonce = open?.nonce === request.nonce ? request.nonce + 1 : request.nonce
            return ground.signer.signTransaction({ ...request, nonce })
          },
        },
      })
    },
  },
  'claim and nonce in two steps': { mutate: () => claimLater },
  'done on broadcast': {
    mutate: () => (ground) => ({
      ...ground,
      journalOf(db) {
        const journal = ground.journalOf(db)
        return {
          ...journal,
          async markSent(id, state) {
            const entry = state === 'broadcast' ? await journal.find(id) : undefined
            const receipt = { succeeded: true, blockNumber: 0, gasUsed: 0n, effectiveGasPrice: 0n }
            if (entry) await journal.end(id, { ...receipt, hash: entry.hash })
            return []
          },
        }
      },
    }),
  },
  'no re-broadcast': {
    mutate: () => {
      const sent = new Set<Hex>()
      return (ground) => ({
        ...ground,
        transactions: {
          ...ground.transactions,
          async broadcast(raw) {
            if (sent.has(raw)) return 'accepted'
            sent.add(raw)
            return ground.transactions.broadcast(raw)
          },
        },
      })
    },
  },
  'receipt status ignored': {
    mutate: () => (ground) => ({
      ...ground,
      transactions: {
        ...ground.transactions,
        async findReceipt(hash) {
          const receipt = await ground.transactions.findReceipt(hash)
          return receipt && { ...receipt, succeeded: true }
        },
      },
    }),
  },
  'dispatched reservation released': {
    mutate: () => (ground) => ({
      ...ground,
      reservationsOf(db) {
        const reservations = ground.reservationsOf(db)
        return {
          ...reservations,
          async markUnknown(id) {
            await reservations.release(id)
            return []
          },
        }
      },
    }),
  },
  'top-up during withdrawal': {
    mutate: () => (ground) => ({
      ...ground,
      journalOf: (db) => ({ ...ground.journalOf(db), hasOpenWithdrawal: async () => false }),
    }),
  },
  'unique digest dropped': { hasUniqueDigests: false },
  'moves guessed, not measured': {
    mutate: () => (ground) => ({
      ...ground,
      reader: {
        ...ground.reader,
        // What was there before counts as moved, whatever settlements took of it since.
        async listMoves(move) {
          const moves = await ground.reader.listMoves(move)
          const balanceOf = new Map(move.since.balances.map(({ provider, balance }) => [provider, balance]))
          return moves.map(({ provider, left }) => ({
            provider,
            left,
            moved: left - (balanceOf.get(provider) ?? 0n),
          }))
        },
      },
    }),
  },
  'withdrawals not resumed': {
    mutate: () => (ground) => ({
      ...ground,
      withdrawalsOf: (db) => ({ ...ground.withdrawalsOf(db), listOpen: async () => [] }),
    }),
  },
  'half is paid': {
    mutate: () => (ground) => ({
      ...ground,
      transactions: {
        ...ground.transactions,
        async quoteSweep(from, to, sinceBlock) {
          const sweep = await ground.transactions.quoteSweep(from, to, sinceBlock)
          return { ...sweep, amount: sweep.amount / 2n }
        },
      },
    }),
  },
  'fees not waived': {
    mutate: () => (ground) => ({
      ...ground,
      reservationsOf: (db) => ({ ...ground.reservationsOf(db), waive: async () => 0n }),
    }),
  },
} satisfies Record<string, Mutant>

export type MutantName = keyof typeof mutants

export const mutantNames = Object.keys(mutants) as MutantName[]

export function mutantOf(name: MutantName | undefined): Mutant {
  return name === undefined ? {} : mutants[name]
}

/** The deposit is claimed once its transaction is journaled, in a database transaction of its own. */
function claimLater(ground: Ground): Ground {
  const { db, journalOf } = ground
  const claims = new Map<Db, (() => Promise<unknown>)[]>()
  async function execute<T>(work: (trx: Db) => Promise<T>): Promise<T> {
    const late: (() => Promise<unknown>)[] = []
    const result = await db.transaction().execute((trx) => {
      claims.set(trx, late)
      return work(trx)
    })
    for (const claim of late) await claim()
    return result
  }
  return {
    ...ground,
    db: Object.assign(Object.create(db), { transaction: () => ({ execute }) }),
    journalOf: (own) => ({
      ...journalOf(own),
      async appendDeposit(deposit) {
        claims.get(own)?.push(() => journalOf(db).appendDeposit(deposit))
        return []
      },
    }),
  }
}
