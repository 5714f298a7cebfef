import type { Address } from 'viem'
import type { BrokerSigner } from '../../chain/broker-signer.ts'
import type { ChainAccount, ChainReader, Move } from '../../chain/reader.ts'
import type { Db } from '../../database/connect.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Hex } from '../../platform/hex.ts'
import { least, sum } from '../../platform/neuron.ts'
import { createReservationStore, type ReservationStore } from './reservation-store.ts'
import { type AccountStore, createAccountStore } from './store.ts'
import { describeSubAccount, type SubAccountState } from './sub-account.ts'
import { minimumProviderLock } from './terms.ts'

/** Everything a user owns here. Neuron. */
export type AccountState = {
  brokerAddress: Address
  wallet: bigint
  ledger: { total: bigint; available: bigint } | undefined
  subAccounts: SubAccountState[]
  unsettled: bigint
  reserved: bigint
  /** Ledger total − unsettled − reserved: what is the user's. */
  balance: bigint
  /** What can pay for analyses now. */
  spendable: bigint
}

/** Asks providers what a user owes them; what nobody answers is left out. */
export type UnsettledSource = (user: Hex, providers: readonly Address[]) => Promise<Map<Address, bigint>>

export type BrokerService = ReturnType<typeof createBrokerService>

/** The user's own account on chain, and our books about it. */
export function createBrokerService(deps: {
  db: Db
  reader: ChainReader
  signer: BrokerSigner
  unsettledOf: UnsettledSource
  clock: Clock
  accountsOf?: (db: Db) => AccountStore
  reservationsOf?: (db: Db) => ReservationStore
}) {
  const { db, reader, signer, unsettledOf, clock } = deps
  const { accountsOf = createAccountStore, reservationsOf = createReservationStore } = deps
  const store = accountsOf(db)

  /**
   * Opens the books of sub-accounts that only the chain remembers (a lost database), as far as their providers tell what
   * is owed. Returns a newer chain reading when it did.
   */
  async function openFound(user: Hex, chain: ChainAccount, booked: readonly Address[]): Promise<ChainAccount> {
    const found = chain.subAccounts.map(({ provider }) => provider).filter((provider) => !booked.includes(provider))
    if (found.length === 0) return chain
    const owed = await unsettledOf(user, found)
    const newer = await reader.readAccount(chain.brokerAddress)
    const { blockNumber } = newer
    for (const { provider, balance: deposited } of newer.subAccounts) {
      const claimed = owed.get(provider)
      if (claimed === undefined) continue
      await store.openFoundSubAccount({ user, provider, deposited, charged: least(claimed, deposited), blockNumber })
    }
    return newer
  }

  async function rememberChain(trx: Db, user: Hex, chain: ChainAccount): Promise<void> {
    const { brokerAddress, ledger, blockNumber } = chain
    const own = accountsOf(trx)
    // Whoever never deposited leaves no row behind: key pairs are free.
    if (!ledger && !(await own.findLedger(user))) return
    await own.saveLedger({ user, brokerAddress, available: ledger?.available ?? 0n, blockNumber })
  }

  async function readSources(user: Hex) {
    const before = await store.listSubAccounts(user)
    const booked = before.map(({ provider }) => provider)
    // NOTE first the providers, then the chain: a settlement in between is then counted twice, never lost.
    const reported = await unsettledOf(user, booked)
    const chain = await openFound(user, await reader.readAccount(signer.brokerAddress(user)), booked)
    await rememberChain(db, user, chain)
    const books = new Map((await store.listSubAccounts(user)).map((book) => [book.provider, book]))
    const hasMoved = before.some(({ provider, deposited }) => books.get(provider)?.deposited !== deposited)
    return { reported, chain, books, hasMoved }
  }

  async function readAccount(user: Hex): Promise<AccountState> {
    const first = await readSources(user)
    // What was booked between the readings stands in one of them and not in the other.
    const { reported, chain, books } = first.hasMoved ? await readSources(user) : first
    const openTransfers = new Map(
      (await store.listOpenMoves(user)).flatMap(({ kind, provider, amount }) =>
        kind === 'transfer' ? [[provider, amount]] : [],
      ),
    )

    const subAccounts = chain.subAccounts.map((seen) => {
      const { provider } = seen
      const reportedHere = reported.get(provider) ?? 0n
      const opening = openTransfers.get(provider) ?? 0n
      return describeSubAccount({ seen, book: books.get(provider), reported: reportedHere, opening })
    })
    for (const { provider, balance } of chain.subAccounts) {
      const book = books.get(provider)
      // The chain has paid what no charge explains: reconciliation must look, though nothing was charged since it last did.
      if (book && book.deposited - balance > book.charged) await store.markDue({ user, provider })
    }
    const unsettled = sum(subAccounts.map((account) => account.unsettled))
    const reserved = sum(subAccounts.map((account) => account.reserved))
    return {
      brokerAddress: chain.brokerAddress,
      wallet: chain.wallet,
      ledger: chain.ledger,
      subAccounts,
      unsettled,
      reserved,
      balance: (chain.ledger?.total ?? 0n) - unsettled - reserved,
      spendable: (chain.ledger?.available ?? 0n) + sum(subAccounts.map((account) => account.spendable)),
    }
  }

  return {
    brokerAddress: (user: Hex): Address => signer.brokerAddress(user),

    /** Reads the account from chain, providers and books. Throws `chain-unavailable`. */
    readAccount,

    /** Keeps a fresh chain reading within the caller's transaction. */
    rememberChain,

    /** Books a confirmed transfer within the caller's transaction. */
    creditTransfer: (trx: Db, transfer: { user: Hex; provider: Address; amount: bigint }) =>
      accountsOf(trx).creditSubAccount(transfer),

    /**
     * Books what a final transaction took out of sub-accounts, or brought back, within the caller's transaction. What a
     * provider has not collected from one that is empty now is waived.
     */
    async bookMoves(trx: Db, { user, moves }: { user: Hex; moves: readonly Move[] }): Promise<void> {
      for (const { provider, moved, left } of moves) {
        await accountsOf(trx).moveDeposited({ user, provider, moved })
        if (left === 0n) await reservationsOf(trx).waive({ user, provider, now: new Date(clock.now()) })
      }
    },

    /** What each sub-account can still pay for, from the books alone. */
    async listUsable(user: Hex): Promise<{ provider: Address; usable: bigint }[]> {
      const books = await store.listSubAccounts(user)
      return books.map(({ provider, deposited, charged, reserved }) => ({
        provider,
        usable: deposited - charged - reserved - minimumProviderLock,
      }))
    },

    /**
     * The balance from the books alone, without asking the chain. Settlement takes from a sub-account exactly what is
     * already charged, so what was deposited less what was charged stays true whenever it happens. Sees the caller's
     * transaction.
     */
    findBalance: (user: Hex, trx: Db): Promise<bigint> => accountsOf(trx).sumBalance(user),
  }
}
