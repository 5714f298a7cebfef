import { AppError } from '../../platform/errors.ts'
import type { Catalogue, Service } from './catalogue.ts'
import type { ProviderHealth } from './health.ts'

export type OfferedModel = Service & { aliases: string[]; available: boolean }

export type ModelsService = ReturnType<typeof createModelsService>

/** Which models there are, and which services serve the one a request asks for. */
export function createModelsService(deps: {
  catalogue: Catalogue
  health: ProviderHealth
  defaultModel: string
  isDeepseekEnabled: boolean
}) {
  const { catalogue, health, defaultModel, isDeepseekEnabled } = deps

  const deepseekOf = (services: readonly Service[]) =>
    isDeepseekEnabled ? services.find(({ model }) => /deepseek/i.test(model))?.model : undefined

  /** The model id behind a name or alias, or the default when none is named. Throws `model-unavailable`. */
  function resolve(services: readonly Service[], name: string | undefined): string {
    const live = (model: string | undefined) => services.find((service) => service.model === model)?.model
    const found =
      name === undefined
        ? (live(defaultModel) ?? services[0]?.model)
        : name === 'llama'
          ? live(defaultModel)
          : name === 'deepseek'
            ? deepseekOf(services)
            : live(name)
    if (found) return found
    throw new AppError('model-unavailable', 'No provider offers this model now: choose one of availableModels', {
      availableModels: [...new Set(services.map(({ model }) => model))],
    })
  }

  return {
    /** Every offered service, cheapest first. */
    async list(): Promise<OfferedModel[]> {
      const services = await catalogue.list()
      const deepseek = deepseekOf(services)
      return services.map((service) => ({
        ...service,
        aliases: [
          ...(service.model === defaultModel ? ['llama'] : []),
          ...(service.model === deepseek ? ['deepseek'] : []),
        ],
        available: health.isHealthy(service.provider),
      }))
    },

    /**
     * The healthy services of the model asked for, cheapest first. An explicit name never falls back to another model.
     * Throws `model-unavailable` or `provider-unavailable`.
     */
    async candidates(name: string | undefined): Promise<[Service, ...Service[]]> {
      const services = await catalogue.list()
      const model = resolve(services, name)
      const [first, ...rest] = services.filter((item) => item.model === model && health.isHealthy(item.provider))
      if (!first) {
        throw new AppError('provider-unavailable', `The providers of ${model} are failing: try again shortly`, {
          retryAfterSeconds: 30,
        })
      }
      return [first, ...rest]
    },
  }
}
