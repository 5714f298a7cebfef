import type { ChainService } from './chain-state.ts'

/** What really answers in the place of the model. */
export type Engine = 'dream-reader' | 'language-model'

const descriptions: Record<Engine, string> = {
  'dream-reader':
    'The deterministic dream reader of the local devnet under the name of a model. It is not a language model.',
  'language-model': 'A language model of the user’s own choice under the name of a model of the local devnet.',
}

const parameters = ['max_tokens', 'max_completion_tokens', 'stream', 'stream_options']

/** The answer of `/v1/models`; prices in neuron per token, from the chain. */
export function listModels(
  { model, inputPrice, outputPrice, verifiability }: ChainService,
  { engine, takesSchema }: { engine: Engine; takesSchema: boolean },
) {
  return {
    object: 'list',
    data: [
      {
        id: model,
        canonical_id: model,
        object: 'model',
        created: 1_735_689_600,
        owned_by: 'dreamscape-devnet',
        name: `${model} (devnet ${engine})`,
        description: descriptions[engine],
        type: 'chatbot',
        context_length: 131_072,
        max_completion_tokens: 8_192,
        supported_parameters: [...parameters, ...(takesSchema ? ['response_format', 'structured_outputs'] : [])].sort(),
        pricing: { prompt: String(inputPrice), completion: String(outputPrice) },
        verifiability,
        tee_attested: false,
        provider_type: 'decentralized',
        rate_limits: {},
      },
    ],
  }
}
