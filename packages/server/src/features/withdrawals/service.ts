import { formatOg } from '@dreamscape/protocol/money'
import type { BrokerSigner } from '../../chain/broker-signer.ts'
import type { ChainReader, ChainTerms } from '../../chain/reader.ts'
import type { Transactions } from '../../chain/transactions.ts'
import type { Db } from '../../database/connect.ts'
import { type Checkpoint, passCheckpoint } from '../../platform/checkpoint.ts'
import type { Clock } from '../../platform/clock.ts'
import { AppError } from '../../platform/errors.ts'
import type { Hex } from '../../platform/hex.ts'
import { inParallel } from '../../platform/in-parallel.ts'
import type { Log } from '../../platform/log.ts'
import type { Principal } from '../../platform/principal.ts'
import type { BrokerService } from '../broker/service.ts'
import { exitReserve, payoutPrice } from '../funding/gas-reserve.ts'
import { insufficientFunds } from '../funding/insufficient-funds.ts'
import { type Lane, withdrawalInProgress } from '../funding/lane.ts'
import { createWithdrawalJob } from './job.ts'
import { withdrawable } from './next-step.ts'
import { createWithdrawalStore, type Withdrawal, type WithdrawalStore } from './store.ts'

/** A withdrawal with what it has paid out so far. Neuron. */
export type WithdrawalState = Withdrawal & { payout: { amount: bigint; txHash: Hex } | undefined }

/** So many accounts are carried on at once in the background. */
const accountsAtOnce = 8

export type WithdrawalService = ReturnType<typeof createWithdrawalService>

/** Pays users their own money back, and nobody else: sub-accounts → ledger → broker wallet → user. */
export function createWithdrawalService(deps: {
  db: Db
  lane: Lane
  signer: Pick<BrokerSigner, 'brokerAddress'>
  reader: ChainReader
  transactions: Transactions
  broker: BrokerService
  terms: ChainTerms
  chainId: number
  clock: Clock
  log: Log
  checkpoint?: Checkpoint
  withdrawalsOf?: (db: Db) => WithdrawalStore
}) {
  const { db, lane, reader, transactions, broker, chainId, clock, log } = deps
  const { checkpoint = passCheckpoint, withdrawalsOf = createWithdrawalStore } = deps
  const store = withdrawalsOf(db)
  const job = createWithdrawalJob({ ...deps, checkpoint, withdrawalsOf })

  /** Throws `insufficient-funds` unless the account is worth that much. `amount` undefined: anything at all. */
  async function checkWorth(user: Hex, amount: bigint | undefined): Promise<void> {
    const brokerAddress = broker.brokerAddress(user)
    const [{ ledger, balance, subAccounts }, wallet, gasPrice] = await Promise.all([
      broker.readAccount(user),
      transactions.readWallet(brokerAddress),
      transactions.readGasPrice(),
    ])
    if (amount === undefined && (wallet > payoutPrice(gasPrice) || (ledger?.total ?? 0n) > 0n)) return
    const largest = withdrawable({ wallet, balance }, exitReserve(gasPrice, subAccounts.length))
    const wanted = amount ?? 1n
    if (amount !== undefined && amount <= largest) return
    throw insufficientFunds({
      message:
        amount === undefined
          ? 'There is nothing to withdraw that would pay its own way out'
          : `At most ${formatOg(largest)} OG can be withdrawn if the gas money is to stay: ask for that, or for all`,
      available: largest,
      shortfall: wanted - largest,
      gas: 0n,
      brokerAddress,
      chainId,
      more: { largestWithdrawable: formatOg(largest) },
    })
  }

  /** Opens the withdrawal of a signed request, or finds the one that it opened before. */
  async function ensureOpened({ address: user, digest }: Principal, amount: bigint | undefined): Promise<Withdrawal> {
    // Before the turn, because a step of the other one may hold that for long.
    await lane.checkNoWithdrawal(user)
    return lane.takeTurn(user, async () => {
      const earlier = await store.findSigned({ user, digest })
      if (earlier) return earlier
      await lane.checkNoWithdrawal(user)
      await checkWorth(user, amount)
      const now = new Date(clock.now())
      const created = await lane.whileNothingIsJournaled(user, (trx) =>
        withdrawalsOf(trx).create({ user, digest, amount: amount ?? null, now }),
      )
      if (created) log.info({ address: user }, 'withdrawal opened')
      await checkpoint('withdrawal-opened')
      const opened = created ?? (await store.findSigned({ user, digest }))
      if (!opened) throw withdrawalInProgress()
      return opened
    })
  }

  /** Carries it on and tells how it stands. Throws `payout-failed`. */
  async function follow(withdrawal: Withdrawal): Promise<WithdrawalState> {
    await job.advance(withdrawal).catch((error: unknown) => {
      // It is written down and goes on by itself.
      if (!(error instanceof AppError)) throw error
      log.warn({ address: withdrawal.user_address, error }, 'withdrawal postponed')
    })
    return describe((await store.find(withdrawal.id)) ?? withdrawal)
  }

  async function describe(withdrawal: Withdrawal): Promise<WithdrawalState> {
    const entries = await lane.listOfWithdrawal(withdrawal.id)
    const paid = entries.find(({ kind, state }) => kind === 'payout' && state === 'confirmed')
    return { ...withdrawal, payout: paid && { amount: paid.amount, txHash: paid.hash } }
  }

  return {
    /**
     * Pays `amount` neuron, or everything, to the user's own address; once for each signed request, however often it is
     * asked. Throws `insufficient-funds`, `withdrawal-in-progress`, `chain-unavailable`.
     */
    async withdraw(principal: Principal, amount: bigint | undefined): Promise<WithdrawalState> {
      const { address: user, digest } = principal
      return follow((await store.findSigned({ user, digest })) ?? (await ensureOpened(principal, amount)))
    },

    /**
     * Turns the open withdrawal back: what providers were asked for pays for analyses again. Throws `not-found` when none is
     * open and `withdrawal-in-progress` once money has begun to leave the ledger.
     */
    async cancel({ address: user, digest, firstAskedAt }: Principal): Promise<WithdrawalState> {
      const cancelled = await lane.whileNothingIsJournaled(user, async (trx) => {
        const own = withdrawalsOf(trx)
        const earlier = await own.findCancelled({ user, digest })
        if (earlier) return earlier
        const open = await own.findOpen(user)
        if (!open) throw new AppError('not-found', 'No withdrawal of this account is under way')
        if (firstAskedAt < open.created_at) {
          throw new AppError('not-found', 'This message was signed to cancel an earlier withdrawal: sign a new one')
        }
        const turned = await own.cancel({ id: open.id, digest })
        if (turned) return turned
        throw new AppError(
          'withdrawal-in-progress',
          open.state === 'cancelling'
            ? 'This withdrawal is being cancelled already'
            : 'The money is already leaving the ledger, so this withdrawal cannot be cancelled any more',
        )
      })
      await checkpoint('cancel-noted')
      return follow(cancelled)
    },

    /** The withdrawal that is under way, if any. */
    async findOpen(user: Hex): Promise<WithdrawalState | undefined> {
      const open = await store.findOpen(user)
      return open && describe(open)
    },

    /** Carries on every open withdrawal that need not wait, after a crash and for those that waited. */
    async resume(): Promise<void> {
      const open = await store.listOpen()
      if (open.length === 0) return
      const blockTimeMs = await reader.readBlockTimeMs()
      const isWaiting = ({ state, wait_until: until }: Withdrawal) =>
        state === 'open' && until !== null && until.getTime() > blockTimeMs
      await inParallel(
        open.filter((withdrawal) => !isWaiting(withdrawal)),
        accountsAtOnce,
        async (withdrawal) => {
          if (await lane.isBusy(withdrawal.user_address)) return
          await job
            .advance(withdrawal)
            .catch((error: unknown) => log.warn({ address: withdrawal.user_address, error }, 'withdrawal postponed'))
        },
      )
    },
  }
}
