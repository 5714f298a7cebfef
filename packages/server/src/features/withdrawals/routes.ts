import { messages } from '@dreamscape/protocol/identity'
import { parseOg } from '@dreamscape/protocol/money'
import { cancelWithdrawalRequest, withdrawRequest, withdrawResponse } from '@dreamscape/protocol/withdrawal'
import { type Route, route } from '../../http/route.ts'
import { AppError } from '../../platform/errors.ts'
import type { BrokerService } from '../broker/service.ts'
import type { WithdrawalService, WithdrawalState } from './service.ts'
import { toWithdrawal } from './to-withdrawal.ts'

export function withdrawalRoutes(deps: { withdrawals: WithdrawalService; broker: BrokerService }): Route[] {
  const { withdrawals, broker } = deps

  function answer(state: WithdrawalState) {
    const brokerAddress = broker.brokerAddress(state.user_address)
    const withdrawal = toWithdrawal(state)
    if (state.state !== 'failed') return { brokerAddress, withdrawal }
    throw new AppError(
      'payout-failed',
      'Your address did not take the payment, or the chain did not carry it out. The money stays in your broker account: sign a new Withdraw message to try again',
      { brokerAddress, withdrawal },
    )
  }

  const progress = {
    tag: 'broker',
    response: withdrawResponse,
    status: (result: { withdrawal: { state: string } }) =>
      result.withdrawal.state === 'open' || result.withdrawal.state === 'cancelling' ? 202 : 200,
    statuses: [200, 202],
  }

  return [
    route({
      ...progress,
      operationId: 'withdraw',
      method: 'post',
      path: '/api/broker/withdraw',
      summary: 'Pays an amount, or everything, out to your own address',
      description:
        'What is not locked for a provider is paid at once. For the rest the lock time has to pass; the answer is then 202, and the withdrawal goes on by itself. With "all", what is left of the gas money comes too.',
      auth: { message: messages.withdraw, from: 'body', use: 'once' },
      body: withdrawRequest,
      problems: ['insufficient-funds', 'withdrawal-in-progress', 'payout-failed', 'chain-unavailable'],
      handler: async ({ body, principal }) =>
        answer(await withdrawals.withdraw(principal, body.amount === 'all' ? undefined : parseOg(body.amount))),
    }),
    route({
      ...progress,
      operationId: 'cancelWithdrawal',
      method: 'post',
      path: '/api/broker/withdraw/cancel',
      summary: 'Turns a withdrawal back before money has begun to leave the ledger',
      auth: { message: messages.cancelWithdrawal, from: 'body', use: 'once' },
      body: cancelWithdrawalRequest,
      problems: ['not-found', 'withdrawal-in-progress', 'payout-failed', 'chain-unavailable'],
      handler: async ({ principal }) => answer(await withdrawals.cancel(principal)),
    }),
  ]
}
