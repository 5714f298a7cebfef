/** `T` as real code takes it: every method answers later. */
export type Async<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<R> : T[K]
}

/** How to run a method of a twin: when, and in whose turn. */
export type Run = <R>(method: string, call: () => R) => Promise<R>

const atOnce: Run = async (_method, call) => call()

/** Makes a twin's methods answer later; `run` decides when each of them runs. */
export function asAsync<T extends object>(twin: T, run: Run = atOnce): Async<T> {
  const methods: Record<string, unknown> = {}
  // NOTE this stands on the path of every transaction; `Object.fromEntries` takes six times as long.
  for (const [name, method] of Object.entries(twin)) {
    methods[name] = (...args: unknown[]) => run(name, () => method(...args))
  }
  return methods as Async<T>
}
