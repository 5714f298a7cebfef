import { z } from 'zod'
import { address, signedFields } from './identity.ts'
import { neuron, og } from './money.ts'
import { withdrawal } from './withdrawal.ts'

export const initRequest = z.object(signedFields).meta({ id: 'InitRequest' })

export const initResponse = z
  .object({
    success: z.literal(true),
    brokerAddress: address,
    message: z.string(),
    status: z.enum(['awaiting-deposit', 'active']),
    minimumDeposit: og,
    chainId: z.int(),
    paymentUri: z.string().meta({ description: 'ERC-681: pays the minimum deposit and its gas to the broker address' }),
  })
  .meta({ id: 'InitResponse' })

const subAccount = z
  .object({
    provider: address,
    balance: og.meta({ description: 'Locked for this provider on chain' }),
    pendingRefund: og,
    unsettled: og.meta({ description: 'Fees earned by the provider and not yet taken on chain' }),
    reserved: og,
    spendable: og,
  })
  .meta({ id: 'SubAccount' })

export const balanceResponse = z
  .object({
    balance: neuron.meta({ description: 'Ledger total − unsettled − reserved, in neuron' }),
    formatted: og.meta({ description: 'The same as `balance`, in OG' }),
    currency: z.literal('OG'),
    brokerAddress: address,
    wallet: og.meta({ description: 'Held by the broker address itself, not yet deposited; pays for gas' }),
    ledger: z.object({ total: og, available: og, locked: og }),
    unsettled: og,
    reserved: og,
    spendable: og.meta({ description: 'What can pay for analyses now' }),
    subAccounts: z.array(subAccount),
    withdrawal: z
      .object({
        available: og.meta({ description: 'Not locked for any provider' }),
        locked: og,
        lockTimeSeconds: z.int().meta({ description: 'How long locked funds wait after they are asked back' }),
        current: withdrawal.nullable().meta({ description: 'The withdrawal that is under way' }),
      })
      .meta({ description: 'What stands between the balance and the wallet' }),
  })
  .meta({ id: 'BalanceResponse' })

export type BalanceResponse = z.infer<typeof balanceResponse>
