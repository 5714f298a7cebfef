export type Random = ReturnType<typeof createRandom>

/** Choices that are the same for the same seed (mulberry32). */
export function createRandom(seed: number) {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1))
  return {
    /** From 0 up to, not including, 1. */
    next,
    chance: (probability: number): boolean => next() < probability,
    /** A whole number, both ends included. */
    int,
    pick<T>(items: readonly [T, ...T[]]): T {
      return items[int(0, items.length - 1)] ?? items[0]
    },
    /** One of the keys, as often as its weight says. */
    weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
      const entries = Object.entries(weights) as [K, number][]
      let rest = next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
      for (const [key, weight] of entries) {
        rest -= weight
        if (rest < 0) return key
      }
      return (entries.at(-1) as [K, number])[0]
    },
    /** A stream of its own, so that what one part draws does not change what another gets. */
    branch: (number: number) => createRandom(seed * 1_000_003 + number * 7_919 + 17),
  }
}
