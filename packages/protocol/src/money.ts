import { z } from 'zod'

/** 1 OG = 10^18 neuron, the smallest unit of the chain's coin. */
const neuronDigits = 18

/** Formats neuron as an exact decimal OG string without trailing zeros: `1500000000000000000n` → `'1.5'`. */
export function formatOg(neuron: bigint): string {
  const sign = neuron < 0n ? '-' : ''
  const digits = (neuron < 0n ? -neuron : neuron).toString().padStart(neuronDigits + 1, '0')
  const fraction = digits.slice(-neuronDigits).replace(/0+$/, '')
  return `${sign}${digits.slice(0, -neuronDigits)}${fraction ? `.${fraction}` : ''}`
}

/** Parses a decimal OG string that matches `ogAmountPattern` into neuron, exactly. Throws `RangeError` on any other string. */
export function parseOg(og: string): bigint {
  if (!ogAmountPattern.test(og)) throw new RangeError('Not a decimal OG amount')
  const [whole = '0', fraction = ''] = og.split('.')
  return BigInt(whole + fraction.padEnd(neuronDigits, '0'))
}

/** No sign, exponent or leading zeros; up to 18 decimals; trailing zeros allowed, because `4.0` is what ethers prints. */
const ogAmountPattern = /^(0|[1-9]\d{0,58})(\.\d{1,18})?$/

/** An amount somebody sends: a decimal OG string above zero. Signed as sent, so it stays a string. */
export const ogAmount = z
  .string()
  .regex(ogAmountPattern, 'must be a plain decimal OG amount with up to 18 decimals, such as "4" or "0.25"')
  .refine((og) => ogAmountPattern.test(og) && parseOg(og) > 0n, 'must be more than zero')
  .meta({ id: 'OgAmount', example: '4.0' })

/** An amount we report: exact decimal OG, no trailing zeros. */
export const og = z
  .string()
  .regex(/^-?(0|[1-9]\d*)(\.\d{1,18})?$/)
  .meta({ id: 'Og', description: 'Exact decimal OG without trailing zeros', example: '2.999999' })

/** An amount we report in neuron, as an integer string. */
export const neuron = z
  .string()
  .regex(/^-?\d+$/)
  .meta({ id: 'Neuron', description: 'Integer neuron; 1 OG = 10^18 neuron', example: '2999999000000000000' })
