import { z } from 'zod'
import { txHash } from './funding.ts'
import { address, signedFields } from './identity.ts'
import { og, ogAmount } from './money.ts'
import { time } from './time.ts'

const everything = z.literal('all')

export const withdrawRequest = z
  .object({ ...signedFields, amount: z.union([everything, ogAmount]) })
  .meta({ id: 'WithdrawRequest' })

export const cancelWithdrawalRequest = z.object(signedFields).meta({ id: 'CancelWithdrawalRequest' })

/** How a withdrawal stands, as the balance and the statement tell it too. */
export const withdrawal = z
  .object({
    id: z.string(),
    amount: z.union([everything, og]).meta({ description: 'As it was signed for' }),
    state: z.enum(['open', 'cancelling', 'done', 'failed', 'cancelled']).meta({
      description: '`failed`: the money stays in the broker account. `cancelled`: it pays for analyses again',
    }),
    waitsFor: z.enum(['transaction', 'lock-time', 'gas']).nullable().meta({
      description: '`gas`: send `gasShortfall` to the broker address; it then goes on by itself',
    }),
    until: time.nullable().meta({ description: 'When the next funds can come, by the clock of the chain' }),
    gasShortfall: og.nullable(),
    paid: og.nullable().meta({ description: 'What has arrived in the wallet of the user' }),
    txHash: txHash.nullable().meta({ description: 'Of the transaction that paid it' }),
  })
  .meta({ id: 'Withdrawal' })

export type Withdrawal = z.infer<typeof withdrawal>

export const withdrawResponse = z
  .object({ success: z.literal(true), brokerAddress: address, withdrawal })
  .meta({ id: 'WithdrawResponse' })
