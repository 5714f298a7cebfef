import { z } from 'zod'
import { most } from '../platform/neuron.ts'
import type { ChatUsage } from './completion.ts'
import { parseJson } from './parse-json.ts'

/** What a service charges, in neuron per token. (0G provider broker: fee rules.) */
export type Pricing = {
  inputPrice: bigint
  outputPrice: bigint
  /** By prompt length, the first that fits; the last one fits all. Empty when the price is flat. */
  tiers: readonly Tier[]
  /** Cached prompt tokens cost this fraction; undefined when they cost the same. */
  cacheDivisor: bigint | undefined
}

type Tier = { maxInputTokens: bigint; input: Ratio; output: Ratio }
type Ratio = { numerator: bigint; denominator: bigint }

const count = z.int().nonnegative().transform(BigInt)
const divisor = z.int().positive().transform(BigInt)

const refinements = z.object({
  tieredPricing: z
    .object({
      tiers: z.array(
        z
          .object({
            maxInputTokens: count,
            inputMultiplier: count,
            outputMultiplier: count,
            inputMultiplierDenominator: divisor.default(1n),
            outputMultiplierDenominator: divisor.default(1n),
          })
          .transform(
            (tier): Tier => ({
              maxInputTokens: tier.maxInputTokens,
              input: { numerator: tier.inputMultiplier, denominator: tier.inputMultiplierDenominator },
              output: { numerator: tier.outputMultiplier, denominator: tier.outputMultiplierDenominator },
            }),
          ),
      ),
    })
    .nullish(),
  cacheTokenBilling: z.object({ divisor }).nullish(),
})

/** The pricing of a service with the refinements its `additionalInfo` advertises; undefined when they cannot be understood. */
export function parsePricing(service: {
  inputPrice: bigint
  outputPrice: bigint
  additionalInfo: string
}): Pricing | undefined {
  const { data } = refinements.safeParse(parseJson(service.additionalInfo) ?? {})
  if (!data) return undefined
  return {
    inputPrice: service.inputPrice,
    outputPrice: service.outputPrice,
    tiers: data.tieredPricing?.tiers ?? [],
    cacheDivisor: data.cacheTokenBilling?.divisor,
  }
}

/** What the provider bills for these token counts, in neuron. */
export function billOf(usage: ChatUsage, pricing: Pricing): bigint {
  const prompt = BigInt(usage.promptTokens)
  const { inputPrice, outputPrice } = tierPrices(pricing, tierFor(prompt, pricing.tiers))
  const cached = pricing.cacheDivisor === undefined ? 0n : BigInt(Math.min(usage.cachedTokens, usage.promptTokens))
  const cachedBill = (inputPrice * cached) / (pricing.cacheDivisor ?? 1n)
  return inputPrice * (prompt - cached) + cachedBill + outputPrice * BigInt(usage.completionTokens)
}

/** The most a request of up to `promptTokens` and `completionTokens` can be billed, whichever tier it falls in. Neuron. */
export function highestBill(most: { promptTokens: number; completionTokens: number }, pricing: Pricing): bigint {
  const prices = reachableTiers(BigInt(most.promptTokens), pricing.tiers).map((tier) => tierPrices(pricing, tier))
  const { inputPrice, outputPrice } = dearest(prices)
  return inputPrice * BigInt(most.promptTokens) + outputPrice * BigInt(most.completionTokens)
}

/** The dearest prices of any tier, for a policy that caps them. */
export function highestPrices(pricing: Pricing): Prices {
  const tiers = pricing.tiers.length > 0 ? pricing.tiers : [undefined]
  return dearest(tiers.map((tier) => tierPrices(pricing, tier)))
}

type Prices = { inputPrice: bigint; outputPrice: bigint }

function dearest(prices: readonly Prices[]): Prices {
  return prices.reduce((high, price) => ({
    inputPrice: most(high.inputPrice, price.inputPrice),
    outputPrice: most(high.outputPrice, price.outputPrice),
  }))
}

function tierFor(promptTokens: bigint, tiers: readonly Tier[]): Tier | undefined {
  return tiers.find(({ maxInputTokens }) => maxInputTokens === 0n || promptTokens <= maxInputTokens) ?? tiers.at(-1)
}

/** Every tier that a prompt of at most `promptTokens` may fall in; `[undefined]` for a flat price. */
function reachableTiers(promptTokens: bigint, tiers: readonly Tier[]): (Tier | undefined)[] {
  const last = tierFor(promptTokens, tiers)
  return last ? tiers.slice(0, tiers.indexOf(last) + 1) : [undefined]
}

function tierPrices({ inputPrice, outputPrice }: Pricing, tier: Tier | undefined): Prices {
  if (!tier) return { inputPrice, outputPrice }
  return {
    inputPrice: (inputPrice * tier.input.numerator) / tier.input.denominator,
    outputPrice: (outputPrice * tier.output.numerator) / tier.output.denominator,
  }
}
