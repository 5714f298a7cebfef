import { expect, test } from 'vitest'
import type { ChainService } from '../../chain/reader.ts'
import { createLog } from '../../platform/log.ts'
import { createCatalogue } from './catalogue.ts'

const service: ChainService = {
  provider: '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC',
  url: 'https://provider.example',
  model: 'meta/llama-3.3:70b',
  inputPrice: 1n,
  outputPrice: 2n,
  verifiability: 'TeeML',
  additionalInfo: '',
  teeSigner: '0x90F79bf6EB2c4f870365E785982E1f101E93b906',
}

async function offeredModels(...models: string[]): Promise<string[]> {
  const catalogue = createCatalogue({
    reader: { listServices: async () => models.map((model) => ({ ...service, model })) },
    policy: { allowlist: [], maxInputPrice: 10n, maxOutputPrice: 10n, acceptUrl: (url) => url },
    log: createLog({ level: 'silent' }),
  })
  return (await catalogue.list()).map(({ model }) => model)
}

test('offers a model whose name is plain', async () => {
  expect(await offeredModels('meta/llama-3.3:70b', 'z'.repeat(200))).toEqual(['meta/llama-3.3:70b', 'z'.repeat(200)])
})

test.each([
  ['nothing', ''],
  ['too much', 'z'.repeat(201)],
  ['a NUL', 'llama\u0000'],
  ['a line end', 'llama\n'],
  ['an escape sequence', '\u001b[31mllama'],
  ['a space', 'llama 3'],
  ['letters that look like others', 'll\u0430ma'],
  ['a change of writing direction', 'llama\u202e'],
])('offers no model whose name holds %s, and the others all the same', async (_what, model) => {
  expect(await offeredModels(model, 'llama')).toEqual(['llama'])
})
