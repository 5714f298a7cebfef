import type { Address } from 'viem'
import type { Fees, Intent } from '../../../../chain/broker-signer.ts'
import type { Sightings } from '../../../../chain/reader.ts'
import { AppError } from '../../../../platform/errors.ts'
import type { Hex } from '../../../../platform/hex.ts'
import { sum } from '../../../../platform/neuron.ts'
import type { ChainUnderTest } from './chain-under-test.ts'

export type Actor = Awaited<ReturnType<typeof createActor>>

type Terms = { nonce: number; gas: bigint; fees: Fees }

/** A user whose broker account does things on a chain, and everything that was seen of it, to be compared. */
export async function createActor(chain: ChainUnderTest, user: Address) {
  const { reader, transactions, signer } = chain
  const broker = signer.brokerAddress(user)
  const startMs = await reader.readBlockTimeMs()
  const trace: unknown[] = []
  const sent: Hex[] = []
  const gas: { kind: Intent['kind']; quoted: bigint; used: bigint | undefined }[] = []

  const note = (step: string, seen: unknown) => void trace.push({ step, seen })

  /** Undefined while a transaction is known and not final, so that nobody can tell what it costs. */
  async function findGasPaid(): Promise<bigint | undefined> {
    const all = await Promise.all(
      sent.map(async (hash) => {
        const [receipt, isKnown] = await Promise.all([transactions.findReceipt(hash), transactions.isKnown(hash)])
        return receipt ? receipt.gasUsed * receipt.effectiveGasPrice : isKnown ? undefined : 0n
      }),
    )
    const costs = all.filter((cost) => cost !== undefined)
    return costs.length === all.length ? sum(costs) : undefined
  }

  /** Everything the account is, but for the price of gas. */
  async function look() {
    const gasPaid = await findGasPaid()
    const { ledger, subAccounts, wallet, blockTimeMs } = await reader.readAccount(broker)
    return {
      elapsedMs: blockTimeMs - startMs,
      walletWithGas: gasPaid === undefined ? undefined : wallet + gasPaid,
      nonces: await transactions.countSettledNonces(broker),
      ledger,
      subAccounts: subAccounts.map(({ refunds, ...rest }) => ({
        ...rest,
        refunds: refunds.map(({ amount, createdAtMs }) => ({ amount, afterMs: createdAtMs - startMs })),
      })),
    }
  }

  async function sign(intent: Intent, terms: Terms) {
    const signed = await signer.signTransaction({ user, intent, ...terms })
    sent.push(signed.hash)
    return signed
  }

  /** What is needed to sign whatever the contract thinks of it. */
  async function plainTerms(gas = 1_000_000n): Promise<Terms> {
    const { nonce, fees } = await transactions.quote(broker, signer.callOf(user, { kind: 'payout', amount: 0n }))
    return { nonce, gas, fees }
  }

  /** Broadcasts, waits until it is final, and tells how it ended and what it moved. */
  async function carryOut(intent: Intent, terms: Terms, since: Sightings) {
    const { raw, hash } = await sign(intent, terms)
    const outcome = await transactions.broadcast(raw)
    await chain.mine(chain.confirmations)
    const receipt = await transactions.findReceipt(hash)
    gas.push({ kind: intent.kind, quoted: terms.gas, used: receipt?.gasUsed })
    if (!receipt) return { outcome, succeeded: undefined }
    const { succeeded, blockNumber } = receipt
    return { outcome, succeeded, moves: await reader.listMoves({ broker, hash, blockNumber, since }) }
  }

  return {
    user,
    broker,
    trace,
    /** What its transactions were allowed to burn and what they burned. */
    gas,
    note,
    sign,
    plainTerms,

    /** Does it as the lane would: quoted, signed, sent, final. */
    async send(intent: Intent) {
      const result = await told(async () => {
        const since = await reader.readSightings(broker)
        const { nonce, gas, fees } = await transactions.quote(broker, signer.callOf(user, intent))
        return carryOut(intent, { nonce, gas, fees }, since)
      })
      note(intent.kind, { ...result, account: await look() })
    },

    /** Sends it although it may be refused. */
    async force(intent: Intent, gas?: bigint) {
      const result = await carryOut(intent, await plainTerms(gas), await reader.readSightings(broker))
      note(`${intent.kind} by force`, { ...result, account: await look() })
    },

    /** Hands in signed bytes. */
    async broadcast(step: string, raw: Hex) {
      note(step, await transactions.broadcast(raw))
    },

    look: async (step: string) => note(step, await look()),
  }
}

/** What an adapter answers, or how it refuses. */
export async function told<T>(ask: () => Promise<T>) {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { refused: error.code, contractError: error.meta.contractError }
  }
}
