import type { ChainService } from './chain-state.ts'

/** The answer of `/v1/models`; prices in neuron per token, from the chain. */
export function listModels({ model, inputPrice, outputPrice, verifiability }: ChainService) {
  return {
    object: 'list',
    data: [
      {
        id: model,
        canonical_id: model,
        object: 'model',
        created: 1_735_689_600,
        owned_by: 'dreamscape-devnet',
        name: `${model} (devnet dream reader)`,
        description:
          'The deterministic dream reader of the local devnet under the name of a model. It is not a language model.',
        type: 'chatbot',
        context_length: 131_072,
        max_completion_tokens: 8_192,
        supported_parameters: ['max_tokens', 'max_completion_tokens', 'response_format', 'stream', 'stream_options'],
        pricing: { prompt: String(inputPrice), completion: String(outputPrice) },
        verifiability,
        tee_attested: false,
        provider_type: 'decentralized',
        rate_limits: {},
      },
    ],
  }
}
