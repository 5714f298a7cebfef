import { z } from 'zod'
import { address } from './identity.ts'
import { neuron, og } from './money.ts'

export const model = z
  .object({
    id: z.string(),
    name: z.string(),
    provider: address,
    costPerQuery: og.meta({ description: 'For 1,000 input and 500 output tokens' }),
    features: z.array(z.string()),
    inputPrice: neuron.meta({ description: 'Neuron per input token' }),
    outputPrice: neuron.meta({ description: 'Neuron per output token' }),
    verifiability: z.string(),
    aliases: z.array(z.string()),
    available: z.boolean(),
  })
  .meta({ id: 'Model' })

export type Model = z.infer<typeof model>

export const modelsResponse = z.object({ models: z.array(model) }).meta({ id: 'ModelsResponse' })
