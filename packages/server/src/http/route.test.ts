import { balanceResponse } from '@dreamscape/protocol/broker'
import { fundRequest, fundResponse } from '@dreamscape/protocol/funding'
import { address, messages } from '@dreamscape/protocol/identity'
import { healthResponse } from '@dreamscape/protocol/service'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import type { Principal } from '../platform/principal.ts'
import { type Route, route } from './route.ts'

const about = { summary: '', tag: 'test', problems: [] }

test('types a handler by the schemas of its route', () => {
  const routes: Route[] = [
    route({
      ...about,
      operationId: 'fund',
      method: 'post',
      path: '/fund',
      auth: { message: messages.fund, from: 'body', use: 'once' },
      body: fundRequest,
      response: fundResponse,
      problems: ['insufficient-funds'],
      status: (result) => (result.status === 'pending' ? 202 : 200),
      handler: async ({ body, params, principal }) => {
        expectTypeOf(body).toEqualTypeOf<z.infer<typeof fundRequest>>()
        expectTypeOf(params).toEqualTypeOf<undefined>()
        expectTypeOf(principal).toEqualTypeOf<Principal>()
        return { txHash: '0x', newBalance: '1', status: 'confirmed' }
      },
    }),
    route({
      ...about,
      operationId: 'balance',
      method: 'get',
      path: '/balance/{address}',
      auth: { message: (call) => `${call.address} at ${call.timestamp}`, from: 'headers', use: 'read' },
      params: z.object({ address }),
      response: balanceResponse.pick({ currency: true }),
      handler: async ({ params }) => {
        expectTypeOf(params.address).toEqualTypeOf<string>()
        return { currency: 'OG' }
      },
    }),
    route({
      ...about,
      operationId: 'list',
      method: 'get',
      path: '/list/{address}',
      auth: { message: (call) => `${call.address} at ${call.timestamp}`, from: 'headers', use: 'read' },
      params: z.object({ address }),
      query: z.object({ after: z.string().optional(), limit: z.string().transform(Number).default(5) }),
      response: healthResponse,
      handler: async ({ params, query }) => {
        expectTypeOf(params.address).toEqualTypeOf<string>()
        expectTypeOf(query).toEqualTypeOf<{ after?: string | undefined; limit: number }>()
        return { status: 'ok' }
      },
    }),
    route({
      ...about,
      operationId: 'health',
      method: 'get',
      path: '/health',
      auth: 'none',
      response: healthResponse,
      handler: async (call) => {
        expectTypeOf(call.query).toEqualTypeOf<undefined>()
        expectTypeOf(call).not.toHaveProperty('principal')
        return { status: 'ok' }
      },
    }),
  ]
  expectTypeOf(routes).toEqualTypeOf<Route[]>()
})

test('refuses at compile time what cannot be mounted', () => {
  route({
    ...about,
    operationId: 'fund',
    method: 'post',
    path: '/fund',
    // @ts-expect-error the body does not carry the signature
    auth: { message: () => '', from: 'body', use: 'once' },
    body: z.object({ amount: z.string() }),
    response: fundResponse,
    handler: async () => ({ txHash: '0x', newBalance: '1', status: 'confirmed' }),
  })
  route({
    ...about,
    operationId: 'health',
    method: 'get',
    path: '/health',
    auth: 'none',
    response: healthResponse,
    // @ts-expect-error the response schema says otherwise
    handler: async () => ({ status: 'poorly' }),
  })
  route({
    ...about,
    operationId: 'list',
    method: 'get',
    path: '/list',
    auth: 'none',
    // @ts-expect-error a query carries text only
    query: z.object({ limit: z.int() }),
    response: healthResponse,
    handler: async () => ({ status: 'ok' }),
  })
})
