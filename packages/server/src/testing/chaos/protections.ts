import type { Seams } from '../../context.ts'
import type { Db } from '../../database/connect.ts'
import { createReservationStore } from '../../features/broker/reservation-store.ts'
import { createJournalStore } from '../../features/funding/store.ts'
import { createWithdrawalStore } from '../../features/withdrawals/store.ts'
import { randomHash } from '../random-hex.ts'
import type { Deed } from './deeds.ts'
import type { KillPoint } from './messages.ts'

/** What can be switched off to see that a run notices. */
export const protections = ['journal', 'unknown', 'lock', 'withdrawal-once', 'withdrawal-claim'] as const

export type Protection = (typeof protections)[number]

/** What is done, and where servers die, far more often than elsewhere: there the lack of `protection` costs most. */
export function favouritesOf(protection: Protection | undefined): { deed?: Deed; death?: KillPoint } {
  switch (protection) {
    case 'journal':
      return { death: 'sent-before-journaled' }
    case 'lock':
      return { deed: 'fund twice at once' }
    case 'withdrawal-once':
      return { deed: 'withdraw repeatedly' }
    case 'withdrawal-claim':
      return { deed: 'withdraw and cancel' }
    case 'unknown':
    case undefined:
      return {}
  }
}

/** The seams of a server that lacks `protection`. `pass` is called where a death would then cost most. */
export function seamsWithout(protection: Protection | undefined, pass: (point: KillPoint) => Promise<void>): Seams {
  switch (protection) {
    case undefined:
      return {}
    case 'journal':
      return {
        signerOf: (signer, transactions) => ({
          ...signer,
          // Sent while its database transaction is still open: who dies here has sent what nobody knows of.
          async signTransaction(request) {
            const signed = await signer.signTransaction(request)
            await transactions.broadcast(signed.raw)
            await pass('sent-before-journaled')
            return signed
          },
        }),
      }
    case 'unknown':
      return {
        reservationsOf(db: Db) {
          const store = createReservationStore(db)
          return {
            ...store,
            // A failure frees what was held, although the provider may bill it.
            async markUnknown(id) {
              await store.release(id)
              return []
            },
          }
        },
      }
    case 'lock':
      return {
        journalOf(db: Db) {
          const store = createJournalStore(db)
          // Nobody waits for the other instance, and nobody notices that it was first.
          return { ...store, lock: async () => ({ rows: [] }), nextNonce: async () => 0 }
        },
      }
    case 'withdrawal-once':
      return {
        withdrawalsOf(db: Db) {
          const store = createWithdrawalStore(db)
          return {
            ...store,
            // Who asks again opens another one.
            findSigned: async () => undefined,
            create: async (withdrawal) =>
              (await store.create(withdrawal)) ?? store.create({ ...withdrawal, digest: randomHash() }),
          }
        },
      }
    case 'withdrawal-claim':
      return {
        withdrawalsOf(db: Db) {
          const store = createWithdrawalStore(db)
          // Money leaves although the withdrawal has been turned back meanwhile.
          return { ...store, lock: store.find }
        },
      }
  }
}
