import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatOg, ogAmount, parseOg } from './money.ts'

test('OG and neuron convert without loss', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 45n }), (neuron) => {
      expect(parseOg(formatOg(neuron))).toBe(neuron)
    }),
    { numRuns: 5_000 },
  )
})

test.each([
  [0n, '0'],
  [1n, '0.000000000000000001'],
  [10n ** 18n, '1'],
  [1_500_000_000_000_000_000n, '1.5'],
  [-25n * 10n ** 16n, '-0.25'],
])('%s neuron reads %s OG', (neuron, og) => {
  expect(formatOg(neuron)).toBe(og)
})

test.each(['4', '4.0', '0.000000000000000001', '1.100000000000000000'])('takes the amount %s', (amount) => {
  expect(ogAmount.safeParse(amount).success).toBe(true)
})

test.each([
  '0',
  '0.0',
  '-1',
  '1e3',
  '01',
  '1.0000000000000000001',
  'NaN',
  ' 1',
  '1 ',
  'Infinity',
  '',
  '.5',
  '1.',
  '+1',
  '1,5',
  '٤',
])('refuses the amount %j', (amount) => {
  expect(ogAmount.safeParse(amount).success).toBe(false)
})
