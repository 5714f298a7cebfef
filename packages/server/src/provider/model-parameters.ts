import type { Dispatcher } from 'undici'
import { z } from 'zod'
import { getJson } from './get-json.ts'

/** A provider may serve a hundred models and describe each. */
const maxBytes = 1_048_576

const modelList = z.object({
  data: z.array(
    z.object({
      id: z.string().catch(''),
      canonical_id: z.string().optional().catch(undefined),
      supported_parameters: z.array(z.string()).optional().catch(undefined),
    }),
  ),
})

/** Which parameters a provider says its model takes; undefined when it does not answer. Never throws. */
export async function fetchModelParameters(options: {
  agent: Dispatcher
  baseUrl: string
  model: string
  signal: AbortSignal
}): Promise<readonly string[] | undefined> {
  const { agent, baseUrl, model, signal } = options
  try {
    const { status, json } = await getJson({ agent, url: `${baseUrl}/v1/models`, signal, maxBytes })
    const { data: list } = modelList.safeParse(json)
    if (status !== 200 || !list) return undefined
    const listed = list.data.find(({ id, canonical_id }) => id === model || canonical_id === model)
    return listed?.supported_parameters ?? []
  } catch {
    return undefined
  }
}
