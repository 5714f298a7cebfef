import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { billOf, highestBill, highestPrices, type Pricing, parsePricing } from './pricing.ts'

const flat = { inputPrice: 100n, outputPrice: 490n, additionalInfo: '{}' }
const tiered = {
  ...flat,
  additionalInfo: JSON.stringify({
    tieredPricing: {
      tiers: [
        { maxInputTokens: 1_000, inputMultiplier: 1, outputMultiplier: 1 },
        { maxInputTokens: 8_000, inputMultiplier: 3, outputMultiplier: 2, inputMultiplierDenominator: 2 },
        { maxInputTokens: 0, inputMultiplier: 4, outputMultiplier: 3 },
      ],
    },
    cacheTokenBilling: { divisor: 3 },
  }),
}

function pricingOf(service: typeof flat): Pricing {
  const pricing = parsePricing(service)
  if (!pricing) throw new Error('The pricing cannot be read')
  return pricing
}

describe('what a provider bills', () => {
  test.each([
    ['a flat price', flat, { promptTokens: 7, completionTokens: 3, cachedTokens: 5 }, 700n + 1_470n],
    [
      'the first tier, up to its bound',
      tiered,
      { promptTokens: 1_000, completionTokens: 1, cachedTokens: 0 },
      100_490n,
    ],
    [
      'a fraction, per token rounded down',
      tiered,
      { promptTokens: 1_001, completionTokens: 1, cachedTokens: 0 },
      151_130n,
    ],
    [
      'the last tier beyond every bound',
      tiered,
      { promptTokens: 9_000, completionTokens: 1, cachedTokens: 0 },
      3_601_470n,
    ],
    ['cached tokens for less', tiered, { promptTokens: 10, completionTokens: 0, cachedTokens: 4 }, 600n + 133n],
    ['no more cached tokens than there are', tiered, { promptTokens: 3, completionTokens: 0, cachedTokens: 99 }, 100n],
  ])('is %s', (_case, service, usage, bill) => {
    expect(billOf(usage, pricingOf(service))).toBe(bill)
  })

  test('is never more than what was held for it', () => {
    const tokens = fc.nat({ max: 200_000 })
    const price = fc.bigInt({ min: 0n, max: 10n ** 14n })
    const ratio = fc.record({
      numerator: fc.bigInt({ min: 0n, max: 50n }),
      denominator: fc.bigInt({ min: 1n, max: 50n }),
    })
    const tier = fc.record({ maxInputTokens: fc.bigInt({ min: 0n, max: 200_000n }), input: ratio, output: ratio })
    const pricing = fc.record({
      inputPrice: price,
      outputPrice: price,
      tiers: fc.array(tier, { maxLength: 5 }),
      cacheDivisor: fc.option(fc.bigInt({ min: 1n, max: 20n }), { nil: undefined }),
    })

    fc.assert(
      fc.property(
        pricing,
        tokens,
        tokens,
        tokens,
        tokens,
        tokens,
        (terms, prompt, spare, output, more, cachedTokens) => {
          const bill = billOf({ promptTokens: prompt, completionTokens: output, cachedTokens }, terms)
          const held = highestBill({ promptTokens: prompt + spare, completionTokens: output + more }, terms)
          expect(bill).toBeGreaterThanOrEqual(0n)
          expect(bill).toBeLessThanOrEqual(held)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

test('a cap on prices looks at the dearest tier', () => {
  expect(highestPrices(pricingOf(tiered))).toEqual({ inputPrice: 400n, outputPrice: 1_470n })
})

test.each([
  ['a tier without bounds', '{"tieredPricing":{"tiers":[{"inputMultiplier":1,"outputMultiplier":1}]}}'],
  [
    'a multiplier that is no whole number',
    '{"tieredPricing":{"tiers":[{"maxInputTokens":1,"inputMultiplier":1.5,"outputMultiplier":1}]}}',
  ],
  ['a divisor of zero', '{"cacheTokenBilling":{"divisor":0}}'],
])('%s is not understood, so the service is not offered', (_case, additionalInfo) => {
  expect(parsePricing({ ...flat, additionalInfo })).toBeUndefined()
})

test.each([[''], ['not JSON'], ['{"ProviderType":"decentralized"}'], ['{"tieredPricing":null}']])(
  'additionalInfo %j means a flat price',
  (additionalInfo) => {
    expect(parsePricing({ ...flat, additionalInfo })).toMatchObject({ tiers: [], cacheDivisor: undefined })
  },
)
