import { balanceResponse, initRequest, initResponse } from '@dreamscape/protocol/broker'
import { address, messages } from '@dreamscape/protocol/identity'
import { formatOg } from '@dreamscape/protocol/money'
import { getAddress } from 'viem'
import { z } from 'zod'
import type { ChainTerms } from '../../chain/reader.ts'
import type { Transactions } from '../../chain/transactions.ts'
import { type Route, route } from '../../http/route.ts'
import { depositReserve } from '../funding/gas-reserve.ts'
import { paymentUri } from '../funding/payment-uri.ts'
import type { WithdrawalService, WithdrawalState } from '../withdrawals/service.ts'
import { toWithdrawal } from '../withdrawals/to-withdrawal.ts'
import type { AccountState, BrokerService } from './service.ts'

export function brokerRoutes(deps: {
  broker: BrokerService
  withdrawals: Pick<WithdrawalService, 'findOpen'>
  transactions: Transactions
  terms: ChainTerms
  chainId: number
}): Route[] {
  const { broker, withdrawals, transactions, terms, chainId } = deps
  return [
    route({
      operationId: 'initBroker',
      method: 'post',
      path: '/api/broker/init',
      summary: 'Tells the address of your own broker account and how to fund it',
      tag: 'broker',
      auth: { message: messages.init, from: 'body', use: 'once' },
      body: initRequest,
      response: initResponse,
      problems: ['chain-unavailable'],
      handler: async ({ principal }) => {
        const [{ brokerAddress, ledger }, gasPrice] = await Promise.all([
          broker.readAccount(principal.address),
          transactions.readGasPrice(),
        ])
        return {
          brokerAddress,
          message: ledger
            ? 'Your broker account is active.'
            : `Send at least ${formatOg(terms.minimumDeposit)} OG and gas to the broker address, then sign a Fund message: the first deposit opens your ledger on chain.`,
          status: ledger ? ('active' as const) : ('awaiting-deposit' as const),
          minimumDeposit: formatOg(terms.minimumDeposit),
          chainId,
          paymentUri: paymentUri(brokerAddress, chainId, terms.minimumDeposit + depositReserve(gasPrice)),
        }
      },
    }),
    route({
      operationId: 'getBalance',
      method: 'get',
      path: '/api/broker/balance/{address}',
      summary: 'Tells what is yours, where it stands and what can pay for analyses now',
      tag: 'broker',
      auth: { message: messages.balance, from: 'headers', use: 'read' },
      params: z.object({ address }),
      response: balanceResponse,
      problems: ['chain-unavailable'],
      handler: async ({ params }) => {
        const user = getAddress(params.address)
        const account = await broker.readAccount(user)
        return toBalance(account, { ...terms, current: await withdrawals.findOpen(user) })
      },
    }),
  ]
}

function toBalance(
  account: AccountState,
  { lockTimeSeconds, current }: ChainTerms & { current: WithdrawalState | undefined },
) {
  const { total, available } = account.ledger ?? { total: 0n, available: 0n }
  return {
    balance: account.balance.toString(),
    formatted: formatOg(account.balance),
    currency: 'OG' as const,
    brokerAddress: account.brokerAddress,
    wallet: formatOg(account.wallet),
    ledger: { total: formatOg(total), available: formatOg(available), locked: formatOg(total - available) },
    unsettled: formatOg(account.unsettled),
    reserved: formatOg(account.reserved),
    spendable: formatOg(account.spendable),
    subAccounts: account.subAccounts.map((item) => ({
      provider: item.provider,
      balance: formatOg(item.balance),
      pendingRefund: formatOg(item.pendingRefund),
      unsettled: formatOg(item.unsettled),
      reserved: formatOg(item.reserved),
      spendable: formatOg(item.spendable),
    })),
    withdrawal: {
      available: formatOg(available),
      locked: formatOg(total - available),
      lockTimeSeconds,
      current: current ? toWithdrawal(current) : null,
    },
  }
}
