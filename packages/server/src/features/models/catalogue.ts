import type { Address } from 'viem'
import type { ChainReader, ChainService } from '../../chain/reader.ts'
import { AppError } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import { createSingleFlight } from '../../platform/single-flight.ts'
import { billOf, highestPrices, type Pricing, parsePricing } from '../../provider/pricing.ts'

/** A chat service that policy allows, with its URL checked and its pricing understood. */
export type Service = Omit<ChainService, 'url'> & { baseUrl: string; pricing: Pricing }

export type ServicePolicy = {
  allowlist: readonly string[]
  maxInputPrice: bigint
  maxOutputPrice: bigint
  /** The base URL without trailing slash, or undefined when it must not be called. */
  acceptUrl: (url: string) => string | undefined
}

/** Anybody may name a model on chain, and its name goes into requests, answers and the database. */
const plainModel = /^[\x21-\x7e]{1,200}$/

const verifiable = new Set(['TeeML', 'OpML', 'ZKML'])

export type Catalogue = ReturnType<typeof createCatalogue>

/** The allowed services of the chain, kept in memory; `refresh` is called on a timer, so that no request waits for it. */
export function createCatalogue(deps: { reader: Pick<ChainReader, 'listServices'>; policy: ServicePolicy; log: Log }) {
  const { reader, policy, log } = deps
  let services: readonly Service[] | undefined
  const refreshing = createSingleFlight<readonly Service[]>()
  const allowlist = new Set(policy.allowlist.map((address) => address.toLowerCase()))

  function allowed({ url, ...service }: ChainService): Service[] {
    const baseUrl = policy.acceptUrl(url)
    const pricing = parsePricing(service)
    if (!baseUrl || !pricing) return []
    const dearest = highestPrices(pricing)
    const ok =
      plainModel.test(service.model) &&
      verifiable.has(service.verifiability) &&
      dearest.inputPrice <= policy.maxInputPrice &&
      dearest.outputPrice <= policy.maxOutputPrice &&
      (allowlist.size === 0 || allowlist.has(service.provider.toLowerCase()))
    return ok ? [{ ...service, baseUrl, pricing }] : []
  }

  const refresh = () =>
    refreshing('services', async () => {
      services = (await reader.listServices()).flatMap(allowed)
      log.debug({ count: services.length }, 'catalogue refreshed')
      return services
    })

  return {
    /** Reads the chain anew. Throws `chain-unavailable`; what was known stays. */
    refresh,

    /** Cheapest first, ties by provider address. */
    list: async (): Promise<Service[]> => [...(services ?? (await refresh()))].sort(byPrice),

    /** Throws `provider-unavailable` for a provider that is not (or no longer) offered. */
    async get(provider: Address): Promise<Service> {
      const service = (services ?? (await refresh())).find((item) => item.provider === provider)
      if (!service) throw new AppError('provider-unavailable', 'This provider is not offered now')
      return service
    },
  }
}

/** What 1,000 input and 500 output tokens cost, in neuron. */
export function costPerQuery({ pricing }: Pick<Service, 'pricing'>): bigint {
  return billOf({ promptTokens: 1_000, completionTokens: 500, cachedTokens: 0 }, pricing)
}

function byPrice(a: Service, b: Service): number {
  const difference = costPerQuery(a) - costPerQuery(b)
  if (difference !== 0n) return difference < 0n ? -1 : 1
  return a.provider.toLowerCase() < b.provider.toLowerCase() ? -1 : 1
}
