import { z } from 'zod'
import type { Context } from './context.ts'
import { analysisRoutes } from './features/analysis/routes.ts'
import { brokerRoutes } from './features/broker/routes.ts'
import { configRoutes } from './features/config/routes.ts'
import { fundingRoutes } from './features/funding/routes.ts'
import { healthRoutes } from './features/health/routes.ts'
import { modelsRoutes } from './features/models/routes.ts'
import { statementRoutes } from './features/statement/routes.ts'
import { withdrawalRoutes } from './features/withdrawals/routes.ts'
import { openApiDocument } from './http/openapi.ts'
import { type Route, route } from './http/route.ts'

/** Every operation of the API, in the order of the document. */
export function apiRoutes(context: Context): Route[] {
  const routes: Route[] = [
    ...brokerRoutes(context),
    ...fundingRoutes(context),
    ...withdrawalRoutes(context),
    ...statementRoutes(context),
    ...analysisRoutes(context),
    ...modelsRoutes(context),
    ...configRoutes(context),
    ...healthRoutes(context),
    route({
      operationId: 'getOpenApi',
      method: 'get',
      path: '/api/openapi.json',
      summary: 'This document',
      tag: 'service',
      auth: 'none',
      response: z.looseObject({ openapi: z.string() }),
      problems: [],
      cacheControl: 'public, max-age=300',
      handler: async () => apiDocument(routes),
    }),
  ]
  return routes
}

/** The OpenAPI 3.1 document of `routes`. */
export function apiDocument(routes: readonly Route[]) {
  return openApiDocument({
    routes,
    title: 'Dreamscape Compute Provider',
    version: '0.1.0',
    description:
      'Dream analyses from the 0G Compute Network, signed for by a wallet and paid from an on-chain account of the user’s own.',
  })
}
