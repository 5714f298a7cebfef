import type { Log } from './log.ts'

export type Background = ReturnType<typeof createBackground>

/** Work nobody waits for: its failures are logged, and `close` waits for what is under way. */
export function createBackground({ log }: { log: Log }) {
  const running = new Set<Promise<void>>()
  const timers = new Set<NodeJS.Timeout>()
  let isClosed = false

  function run(name: string, work: () => Promise<unknown>): void {
    if (isClosed) return
    const task: Promise<void> = Promise.resolve()
      .then(work)
      .then(
        () => {},
        (error: unknown) => log.warn({ kind: name, error }, 'background work failed'),
      )
      .finally(() => running.delete(task))
    running.add(task)
  }

  return {
    run,

    /** Repeats `work`, with `intervalMs` between the end of one run and the start of the next. */
    every(intervalMs: number, name: string, work: () => Promise<unknown>): void {
      const schedule = () => {
        if (isClosed) return
        const timer = setTimeout(() => {
          timers.delete(timer)
          run(name, () => work().finally(schedule))
        }, intervalMs)
        timer.unref()
        timers.add(timer)
      }
      schedule()
    },

    async close(): Promise<void> {
      isClosed = true
      for (const timer of timers) clearTimeout(timer)
      await Promise.all(running)
    },
  }
}
