import { formatOg } from '@dreamscape/protocol/money'
import type { Address } from 'viem'
import type { ChainTerms } from '../../chain/reader.ts'
import type { Transactions } from '../../chain/transactions.ts'
import type { Db } from '../../database/connect.ts'
import type { Background } from '../../platform/background.ts'
import type { Clock } from '../../platform/clock.ts'
import { AppError } from '../../platform/errors.ts'
import type { Hex } from '../../platform/hex.ts'
import { least, most } from '../../platform/neuron.ts'
import type { Principal } from '../../platform/principal.ts'
import type { AccountState, BrokerService } from '../broker/service.ts'
import type { SubAccountState } from '../broker/sub-account.ts'
import { minimumProviderLock } from '../broker/terms.ts'
import type { ProviderHealth } from '../models/health.ts'
import { depositReserve, exitReserve } from './gas-reserve.ts'
import { insufficientFunds } from './insufficient-funds.ts'
import type { Lane } from './lane.ts'
import { createJournalStore, type JournalEntry, type JournalStore } from './store.ts'

/** Usable money a sub-account is filled up to: with the provider's 1 OG that locks 1.1 OG. Small, because a provider's key can take the whole lock. */
const workingCapital = 10n ** 17n

/** So much more than our books say may a provider count as owed and still be filled up: it may know of a fee before we do. */
const toleratedClaim = 5n * 10n ** 16n

/** A sub-account with less than this is filled up in the background. */
const refillBelow = 5n * 10n ** 16n

/** Gas of a transfer to a provider, with a margin. Measured: 444k for the first one. */
const transferGas = 600_000n

export type Deposit = { txHash: Hex; balance: bigint; status: 'confirmed' | 'pending' }

export type FundingService = ReturnType<typeof createFundingService>

/** Moves a user's own money: wallet → ledger (deposit) and ledger → sub-account (transfer). */
export function createFundingService(deps: {
  db: Db
  lane: Lane
  health: Pick<ProviderHealth, 'quarantine'>
  broker: BrokerService
  transactions: Transactions
  terms: ChainTerms
  chainId: number
  background: Background
  clock: Clock
  journalOf?: (db: Db) => JournalStore
}) {
  const { db, lane, health, broker, transactions, terms, chainId, background, clock } = deps
  const { journalOf = createJournalStore } = deps
  const journal = journalOf(db)

  async function toDeposit(user: Hex, entry: JournalEntry): Promise<Deposit> {
    if (entry.state === 'failed') {
      throw new AppError(
        'transaction-failed',
        'The chain did not carry out this deposit, so nothing was deposited: sign a new one',
        {
          txHash: entry.hash,
        },
      )
    }
    const { balance } = await broker.readAccount(user)
    return { txHash: entry.hash, balance, status: entry.state === 'confirmed' ? 'confirmed' : 'pending' }
  }

  /** Throws unless the broker wallet can pay for the deposit and keep its gas. */
  async function checkDeposit(account: AccountState, amount: bigint): Promise<void> {
    const { brokerAddress, wallet } = account
    if (!account.ledger && amount < terms.minimumDeposit) {
      throw new AppError('invalid-request', `The first deposit must be at least ${formatOg(terms.minimumDeposit)} OG`, {
        minimumDeposit: formatOg(terms.minimumDeposit),
      })
    }
    const reserve = depositReserve(await transactions.readGasPrice(), account.subAccounts.length)
    if (wallet >= amount + reserve) return
    const affordable = most(wallet - reserve, 0n)
    const largest = account.ledger || affordable >= terms.minimumDeposit ? affordable : 0n
    throw insufficientFunds({
      message: `The broker address holds ${formatOg(wallet)} OG, which is not enough for this deposit and its gas: send the shortfall there, or fund at most largestFundable`,
      available: wallet,
      shortfall: amount + reserve - wallet,
      gas: 0n,
      brokerAddress,
      chainId,
      more: { largestFundable: formatOg(largest) },
    })
  }

  /**
   * Deposits `amount` neuron that have arrived at the broker address into its ledger; once for each signed request,
   * however often it is asked. Throws `insufficient-funds`, `invalid-request` below the minimum, `chain-unavailable`.
   */
  async function deposit(principal: Principal, amount: bigint): Promise<Deposit> {
    const { address: user, digest } = principal
    const known = await journal.findDeposit({ user, digest })
    if (known) return toDeposit(user, await lane.follow(known))
    // Before the turn, because a step of the withdrawal may hold that for long.
    await lane.checkNoWithdrawal(user)
    const entry = await lane.takeTurn(user, async (submit) => {
      const earlier = await journal.findDeposit({ user, digest })
      if (earlier) return earlier
      await lane.checkNoWithdrawal(user)
      await checkDeposit(await broker.readAccount(user), amount)
      return submit({
        intent: { kind: 'deposit', amount },
        claim: (trx, { id: transactionId }) =>
          journalOf(trx).appendDeposit({ user, digest, transactionId, now: new Date(clock.now()) }),
      })
    })
    return toDeposit(user, entry)
  }

  /**
   * Sees to it that the sub-account at `provider` can pay `needed` neuron, moving what is missing (and some working
   * capital) from the available ledger. Whoever meets a transfer in flight waits for it. Throws `insufficient-funds`,
   * `withdrawal-in-progress`.
   */
  async function ensureUsable(user: Hex, provider: Address, needed: bigint): Promise<void> {
    // Before the turn, because a step of the withdrawal may hold that for long.
    await lane.checkNoWithdrawal(user)
    await lane.takeTurn(user, async (submit) => {
      await lane.checkNoWithdrawal(user)
      const account = await broker.readAccount(user)
      const book = (await broker.listUsable(user)).find((item) => item.provider === provider)
      const seen = account.subAccounts.find((item) => item.provider === provider)
      await checkTrust({ provider, seen, book })
      if (seen && seen.pendingRefund > 0n) {
        // Asked back by a withdrawal that this database does not know: it can pay for nothing until it is taken back.
        const sightings = await lane.sight(user, [provider])
        const intent = { kind: 'restore', provider, amount: seen.pendingRefund } as const
        return confirm(await submit({ intent, sightings }))
      }
      // The provider has to agree that the balance is enough; but its word alone moves no more than a little.
      const usable = book && book.usable - least(seen?.claimed ?? 0n, toleratedClaim)
      if (usable !== undefined && usable >= needed) return
      const amount = await transferAmount({ account, usable, needed })
      confirm(await submit({ intent: { kind: 'transfer', provider, amount } }))
    })
  }

  /** Throws unless it is safe to lock more for this provider. */
  async function checkTrust(options: {
    provider: Address
    seen: SubAccountState | undefined
    book: { usable: bigint } | undefined
  }): Promise<void> {
    const { provider, seen, book } = options
    if (seen && !book) {
      throw new AppError(
        'provider-unavailable',
        'The account is known to the chain but not here, and the provider does not tell what it is owed: try again shortly',
      )
    }
    if ((seen?.overtaken ?? 0n) <= 0n && (book?.usable ?? 0n) >= -minimumProviderLock) return
    await health.quarantine(provider, 'it took more than the requests it got can cost')
    throw new AppError('provider-unavailable', 'The provider took more than it may, so nothing more is entrusted to it')
  }

  /** Moves working capital to a sub-account that runs low, as far as ledger and gas allow. */
  const refill = (user: Hex, provider: Address): Promise<void> =>
    lane.takeTurn(user, async (submit) => {
      const usable = (await broker.listUsable(user)).find((item) => item.provider === provider)?.usable
      if (usable === undefined || usable >= refillBelow || (await lane.hasOpenWithdrawal(user))) return
      const { ledger, wallet, subAccounts } = await broker.readAccount(user)
      const seen = subAccounts.find((item) => item.provider === provider)
      // It would take back what was asked back, and not move what the books then say.
      if (seen && seen.pendingRefund > 0n) return
      await checkTrust({ provider, seen, book: { usable } })
      const gasPrice = await transactions.readGasPrice()
      const amount = least(workingCapital - usable, ledger?.available ?? 0n)
      if (amount > 0n && wallet >= gasToTransfer(gasPrice, subAccounts.length))
        await submit({ intent: { kind: 'transfer', provider, amount } })
    })

  return {
    deposit,
    ensureUsable,

    /** Sees to it, ahead of need, that the next analyses at `provider` do not wait for a transfer. */
    refillInBackground: (user: Hex, provider: Address): void =>
      background.run('refill', async () => {
        const usable = (await broker.listUsable(user)).find((item) => item.provider === provider)?.usable
        if (usable !== undefined && usable < refillBelow) await refill(user, provider)
      }),
  }

  /** How much to move; throws `insufficient-funds` when ledger or wallet cannot. `usable` is undefined for a new sub-account. */
  async function transferAmount(options: { account: AccountState; usable: bigint | undefined; needed: bigint }) {
    const { account, usable, needed } = options
    const { brokerAddress, wallet, spendable, ledger } = account
    const present = usable ?? -minimumProviderLock
    const missing = most(needed - present, usable === undefined ? terms.minimumTransfer : 0n)
    const available = ledger?.available ?? 0n
    const gasPrice = await transactions.readGasPrice()
    if (available < missing) {
      const shortfall = most(missing - available, ledger ? 0n : terms.minimumDeposit)
      throw insufficientFunds({
        message: ledger
          ? 'The account cannot pay for the most this analysis may cost: send the shortfall to the broker address, then sign a Fund message'
          : 'The account has no ledger yet: send the shortfall to the broker address, then sign a Fund message',
        available: spendable,
        shortfall,
        gas: depositReserve(gasPrice),
        brokerAddress,
        chainId,
      })
    }
    const gasNeeded = gasToTransfer(gasPrice, account.subAccounts.length + (usable === undefined ? 1 : 0))
    if (wallet < gasNeeded) {
      throw insufficientFunds({
        message:
          'The broker address lacks the gas to move funds to the provider: send the shortfall there and ask again',
        available: wallet,
        shortfall: gasNeeded - wallet,
        gas: 0n,
        brokerAddress,
        chainId,
      })
    }
    return least(most(missing, workingCapital - present), available)
  }
}

/** Throws unless the transfer is final and was carried out. */
function confirm({ state }: JournalEntry): void {
  if (state === 'confirmed') return
  throw new AppError(
    'chain-unavailable',
    state === 'failed'
      ? 'The chain did not carry out the transfer to the provider: ask again'
      : 'The transfer to the provider is not confirmed yet: ask again shortly',
  )
}

/** What the wallet must hold to send a transfer and still be able to leave. Neuron. */
function gasToTransfer(gasPrice: bigint, subAccounts: number): bigint {
  return exitReserve(gasPrice, subAccounts) + transferGas * gasPrice
}
