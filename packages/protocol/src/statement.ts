import { z } from 'zod'
import { verification } from './analysis.ts'
import { txHash } from './funding.ts'
import { address } from './identity.ts'
import { og } from './money.ts'
import { time } from './time.ts'
import { withdrawal } from './withdrawal.ts'

export const statementQuery = z.object({
  cursor: z.string().max(200).optional().meta({ description: '`nextCursor` of the page before' }),
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(100))
    .default(50),
})

const everyEntry = {
  id: z.string().meta({ description: 'Names the entry for good: a hold that is charged keeps it' }),
  at: time,
}

const sent = {
  ...everyEntry,
  state: z.enum(['pending', 'confirmed', 'failed']).meta({ description: 'A failed one moved nothing but its gas' }),
  txHash,
  gas: og.nullable().meta({ description: 'Paid from the wallet; null while the chain has not said' }),
}

const transaction = { ...sent, amount: og }

const request = {
  ...everyEntry,
  requestId: z.string().nullable(),
  model: z.string(),
  provider: address,
}

/** One thing that moved or holds money. */
const statementEntry = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('deposit'), ...transaction }),
    z.object({ kind: z.literal('transfer'), ...transaction, provider: address }),
    z
      .object({ kind: z.literal('restore'), ...transaction, provider: address })
      .meta({ description: 'Took back what a withdrawal had asked of a provider' }),
    z
      .object({ kind: z.literal('retrieve'), ...sent, providers: z.array(address) })
      .meta({ description: 'Asked providers for what is locked, and fetched what was asked for long enough ago' }),
    z
      .object({ kind: z.literal('refund'), ...transaction })
      .meta({ description: 'From the ledger to the broker address' }),
    z
      .object({ kind: z.literal('payout'), ...transaction })
      .meta({ description: 'From the broker address to the user' }),
    z.object({ kind: z.literal('withdrawal'), ...withdrawal.shape, at: time }),
    z
      .object({
        kind: z.literal('charge'),
        ...request,
        cost: og,
        inputTokens: z.int().nullable(),
        outputTokens: z.int().nullable(),
        verification: verification.nullable(),
      })
      .meta({ description: 'Tokens and verification are null when the answer was lost and its cost found out later' }),
    z.object({
      kind: z.literal('hold'),
      ...request,
      amount: og,
      state: z.enum(['held', 'unknown']).meta({ description: '`unknown`: it may have been billed; being reconciled' }),
    }),
    z
      .object({ kind: z.literal('adjustment'), ...everyEntry, provider: address, amount: og })
      .meta({ description: 'What the provider bills beyond its charges; below zero when it bills less' }),
    z.object({ kind: z.literal('waived'), ...everyEntry, provider: address, amount: og }).meta({
      description:
        'Fees that were open when a withdrawal emptied the sub-account: they were charged and need not be paid',
    }),
  ])
  .meta({ id: 'StatementEntry' })

export type StatementEntry = z.infer<typeof statementEntry>

export const statementResponse = z
  .object({
    entries: z.array(statementEntry).meta({ description: 'Newest first' }),
    nextCursor: z.string().nullable().meta({ description: 'Null on the last page' }),
    openingCharges: og.meta({
      description:
        'Fees of before, found unsettled when the books were opened anew (a lost database); they are in no entry',
    }),
  })
  .meta({ id: 'StatementResponse' })
