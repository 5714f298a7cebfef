import type { Devnet } from '@dreamscape/devnet/devnet'
import type { Instance } from './instance.ts'

/** The shortest that the contracts allow. */
export const lockTimeSeconds = 3_600

export type Time = ReturnType<typeof createTime>

/** The time of the servers and of the chain: it only goes forward, and now and then by far. */
export function createTime({ devnet, instances }: { devnet: Devnet; instances: () => readonly Instance[] }) {
  let offsetMs = 0

  function advance(durationMs: number): void {
    offsetMs += durationMs
    for (const instance of instances()) instance.setClock(offsetMs)
  }

  return {
    offsetMs: () => offsetMs,
    now: () => Date.now() + offsetMs,

    /** Moves the clocks of the servers. */
    advance,

    /** Lets pass, for everybody, what withdrawals have to wait for. */
    async passLockTime(): Promise<void> {
      const seconds = lockTimeSeconds + 1
      await devnet.testClient.increaseTime({ seconds })
      await devnet.testClient.mine({ blocks: 1 })
      advance(seconds * 1_000)
    },
  }
}
