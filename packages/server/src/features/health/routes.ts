import { healthResponse, readyResponse } from '@dreamscape/protocol/service'
import { type Route, route } from '../../http/route.ts'
import type { HealthService } from './service.ts'

export function healthRoutes({ healthChecks }: { healthChecks: HealthService }): Route[] {
  return [
    route({
      operationId: 'getHealth',
      method: 'get',
      path: '/api/health',
      summary: 'Says that the process lives',
      tag: 'service',
      auth: 'none',
      response: healthResponse,
      problems: [],
      handler: async () => ({ status: 'ok' as const }),
    }),
    route({
      operationId: 'getReadiness',
      method: 'get',
      path: '/api/health/ready',
      summary: 'Says whether an analysis would work now: 200 when it would, 503 when not',
      tag: 'service',
      auth: 'none',
      response: readyResponse,
      problems: [],
      status: ({ status }) => (status === 'ready' ? 200 : 503),
      statuses: [200, 503],
      handler: async () => {
        const checks = await healthChecks.check()
        const isReady = Object.values(checks).every((check) => check === 'ok')
        return { status: isReady ? ('ready' as const) : ('not-ready' as const), checks }
      },
    }),
  ]
}
