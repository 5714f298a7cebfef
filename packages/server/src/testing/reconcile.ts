import type { TestServer } from './test-server.ts'

/** How long a bill must stand unchanged. */
export const steadyMs = 120_000

/** Past the deadline of a request, its grace, and the time that a bill must stand unchanged. */
export async function reconcile({ clock, context }: Pick<TestServer, 'clock' | 'context'>): Promise<void> {
  clock.advance(180_001)
  await context.reconciliation.run()
  clock.advance(steadyMs)
  await context.reconciliation.run()
}
