import { expect, test } from 'vitest'
import type { Dispatched } from './dispatcher.ts'
import { planRepair } from './repair.ts'

const usage = { promptTokens: 100, completionTokens: 50, cachedTokens: 0 }
const content = 'The sea of your dream may be far, and there is calm in it.'

/** A billed answer for which `left` neuron are left, at a price of one neuron for every token. */
function billedAnswer({ left, answer = {} }: { left: bigint; answer?: object }): Dispatched {
  const pricing = { inputPrice: 1n, outputPrice: 1n, tiers: [], cacheDivisor: undefined }
  const first = {
    service: { model: 'llama', pricing },
    reservation: { id: 'x', amount: 150n + left },
    answer: { content, usage, ...answer },
    usage,
    cost: 150n,
  }
  return first as unknown as Dispatched
}

const planFor = (first: Dispatched) => planRepair({ first, maxOutputTokens: 500, takesSchema: false })

test('a repair never costs more than is left, and gets as many tokens as that pays for', () => {
  const plenty = planFor(billedAnswer({ left: 100_000n }))?.worstCase ?? 0n

  const tight = planFor(billedAnswer({ left: plenty - 20n }))

  expect(plenty).toBeGreaterThan(0n)
  expect(tight?.worstCase).toBe(plenty - 20n)
})

test.each([
  ['too little is left', billedAnswer({ left: 600n })],
  [
    'no usage was told, so that what is left is a guess',
    billedAnswer({ left: 100_000n, answer: { usage: undefined } }),
  ],
  ['there is next to nothing to repair', billedAnswer({ left: 100_000n, answer: { content: '{"a": 1}' } })],
])('there is no repair when %s', (_why, first) => {
  expect(planFor(first)).toBeUndefined()
})
