/** What a call needs to be carried out, and what of that is paid in the end. Measured on the real contracts. */
export type Gas = { needed: bigint; used: bigint }

const gas = (needed: bigint, used: bigint): Gas => ({ needed, used })

export function plus(a: Gas, b: Gas): Gas {
  return { needed: a.needed + b.needed, used: a.used + b.used }
}

export function times({ needed, used }: Gas, count: number): Gas {
  return { needed: needed * BigInt(count), used: used * BigInt(count) }
}

export const callGas = {
  plainPayout: gas(21_000n, 21_000n),
  firstDeposit: gas(195_685n, 171_063n),
  deposit: gas(69_978n, 53_776n),
  firstTransfer: gas(480_152n, 444_195n),
  /** To a further provider. */
  newTransfer: gas(426_927n, 392_895n),
  topUp: gas(120_912n, 93_902n),
  /** Into a sub-account that holds nothing. */
  refillEmpty: gas(134_421n, 110_774n),
  retrieve: gas(68_499n, 52_628n),
  refund: gas(77_181n, 59_452n),
  lastRefund: gas(106_000n, 80_000n),
} as const

/** What each provider of a `retrieveFund` adds. */
export const retrieveGas = {
  unknown: gas(17_000n, 13_400n),
  idle: gas(66_710n, 58_930n),
  requested: gas(168_883n, 159_506n),
  collected: gas(70_000n, 54_500n),
  both: gas(124_513n, 113_029n),
} as const

/** What each sub-account adds that is deleted with its ledger. */
export const deletedSubAccountGas = gas(97_200n, 76_600n)

/** Burned by a call that the contract refuses. */
export const refusedGas = {
  call: 58_000n,
  transferTooSmall: 81_068n,
  newTransfer: 153_199n,
  topUp: 88_378n,
  payout: 21_030n,
} as const
