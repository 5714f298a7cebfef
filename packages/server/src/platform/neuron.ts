/** The smaller amount. */
export function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

/** The larger amount. */
export function most(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

export function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}
