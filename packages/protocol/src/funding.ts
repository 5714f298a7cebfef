import { z } from 'zod'
import { signedFields } from './identity.ts'
import { og, ogAmount } from './money.ts'

export const txHash = z.string().regex(/^0x[0-9a-f]{64}$/)

export const fundRequest = z.object({ ...signedFields, amount: ogAmount }).meta({ id: 'FundRequest' })

export const fundResponse = z
  .object({
    success: z.literal(true),
    txHash,
    newBalance: og.meta({ description: '`formatted` of the balance after the deposit' }),
    status: z.enum(['confirmed', 'pending']),
  })
  .meta({ id: 'FundResponse' })

export type FundResponse = z.infer<typeof fundResponse>
