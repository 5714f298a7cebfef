import { fundRequest, fundResponse } from '@dreamscape/protocol/funding'
import { messages } from '@dreamscape/protocol/identity'
import { formatOg, parseOg } from '@dreamscape/protocol/money'
import { type Route, route } from '../../http/route.ts'
import type { FundingService } from './service.ts'

export function fundingRoutes({ funding }: { funding: FundingService }): Route[] {
  return [
    route({
      operationId: 'fundAccount',
      method: 'post',
      path: '/api/broker/fund',
      summary: 'Deposits OG that has arrived at your broker address into its ledger',
      tag: 'broker',
      auth: { message: messages.fund, from: 'body', use: 'once' },
      body: fundRequest,
      response: fundResponse,
      problems: ['insufficient-funds', 'withdrawal-in-progress', 'transaction-failed', 'chain-unavailable'],
      status: ({ status }) => (status === 'pending' ? 202 : 200),
      statuses: [200, 202],
      handler: async ({ body, principal }) => {
        const { txHash, balance, status } = await funding.deposit(principal, parseOg(body.amount))
        return { txHash, newBalance: formatOg(balance), status }
      },
    }),
  ]
}
