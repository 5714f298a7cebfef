/** `T` as real code takes it: every method answers later. */
export type Async<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<R> : T[K]
}

/** How to run a method of a twin: when, and in whose turn. */
export type Run = <R>(method: string, call: () => R) => Promise<R>

const atOnce: Run = async (_method, call) => call()

/** Makes a twin's methods answer later; `run` decides when each of them runs. */
export function asAsync<T extends object>(twin: T, run: Run = atOnce): Async<T> {
  const later: Record<string, unknown> = {}
  // NOTE stores are wrapped anew for every transaction, so this is on the hot path of a simulation.
  for (const name in twin) {
    const method = twin[name] as (...args: unknown[]) => unknown
    later[name] = (...args: unknown[]) => run(name, () => method(...args))
  }
  return later as Async<T>
}
