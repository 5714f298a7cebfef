import type { Clock } from '../../platform/clock.ts'
import { inParallel } from '../../platform/in-parallel.ts'
import type { Log } from '../../platform/log.ts'
import type { Catalogue, Service } from './catalogue.ts'

/** A provider is asked anew after this long, sooner when it did not answer. */
const askAgainMs = { answered: 3_600_000, silent: 300_000 }

/** What stands for an answer held to a JSON Schema in `supported_parameters`; `response_format` may be any JSON. */
const parameters = ['structured_outputs']

const sideBySide = 4

export type SchemaSupport = ReturnType<typeof createSchemaSupport>

/**
 * Which services can be held to a JSON Schema, by their own word, until one refuses it. Kept in memory; `refresh` is called on
 * a timer, so that no request waits for it. Who is not known yet is asked in words alone.
 */
export function createSchemaSupport(deps: {
  catalogue: Pick<Catalogue, 'list'>
  fetchParameters: (service: { baseUrl: string; model: string }) => Promise<readonly string[] | undefined>
  clock: Pick<Clock, 'now'>
  log: Log
}) {
  const { catalogue, fetchParameters, clock, log } = deps
  const known = new Map<string, { takesSchema: boolean; askAtMs: number }>()

  async function ask(service: Service): Promise<void> {
    const told = await fetchParameters(service)
    const waitMs = told ? askAgainMs.answered : askAgainMs.silent
    const takesSchema = told?.some((parameter) => parameters.includes(parameter)) ?? false
    known.set(keyOf(service), { takesSchema, askAtMs: clock.now() + waitMs })
  }

  return {
    takesSchema: (service: Service): boolean => known.get(keyOf(service))?.takesSchema ?? false,

    /** Notes that a provider refused a schema, whatever it says of itself. */
    refused(service: Service): void {
      known.set(keyOf(service), { takesSchema: false, askAtMs: clock.now() + askAgainMs.answered })
      log.warn({ provider: service.provider, model: service.model }, 'provider refuses a schema')
    },

    /** Asks those that were not asked for long. */
    async refresh(): Promise<void> {
      const services = await catalogue.list()
      const keys = new Set(services.map(keyOf))
      for (const key of known.keys()) if (!keys.has(key)) known.delete(key)
      const due = services.filter((service) => (known.get(keyOf(service))?.askAtMs ?? 0) <= clock.now())
      await inParallel(due, sideBySide, ask)
    },
  }
}

function keyOf({ provider, baseUrl, model }: Service): string {
  return `${provider} ${baseUrl} ${model}`
}
