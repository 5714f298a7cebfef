import type { Actor } from './actor.ts'
import type { ChainUnderTest } from './chain-under-test.ts'

/** Something that happens on a chain; what the actor sees of it must be the same on every chain. */
export type Scenario = { name: string; confirmations?: number; play: (stage: Stage) => Promise<void> }

export type Stage = { chain: ChainUnderTest; actor: Actor }

export const og = 10n ** 18n

export const day = 86_400
