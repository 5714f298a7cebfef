import { modelsResponse } from '@dreamscape/protocol/models'
import { formatOg } from '@dreamscape/protocol/money'
import { type Route, route } from '../../http/route.ts'
import { costPerQuery } from './catalogue.ts'
import type { ModelsService, OfferedModel } from './service.ts'

export function modelsRoutes({ models }: { models: ModelsService }): Route[] {
  return [
    route({
      operationId: 'listModels',
      method: 'get',
      path: '/api/ai/models',
      summary: 'Lists the models that can analyse a dream, cheapest first',
      tag: 'ai',
      auth: 'none',
      response: modelsResponse,
      problems: ['chain-unavailable'],
      cacheControl: 'public, max-age=30',
      handler: async () => ({ models: (await models.list()).map(toModel) }),
    }),
  ]
}

function toModel(service: OfferedModel) {
  return {
    id: service.model,
    name: service.model,
    provider: service.provider,
    costPerQuery: formatOg(costPerQuery(service)),
    features: ['dream-analysis', `verifiable:${service.verifiability}`],
    inputPrice: service.inputPrice.toString(),
    outputPrice: service.outputPrice.toString(),
    verifiability: service.verifiability,
    aliases: service.aliases,
    available: service.available,
  }
}
