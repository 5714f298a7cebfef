import type { CheckpointName } from '../../platform/checkpoint.ts'
import type { Protection } from './protections.ts'

/** Where a child may be told to die; the last one exists only where the journal is switched off. */
export type KillPoint = CheckpointName | 'sent-before-journaled'

/** What a child does in the background anyway, and at once when it is told to. */
export type Chore = 'reconcile' | 'resume'

export type StartOrder = {
  kind: 'start'
  settings: Record<string, string>
  offsetMs: number
  without: Protection | undefined
  logFile: string | undefined
}

export type ToChild =
  | StartOrder
  /** Die at the next of these; none disarms. */
  | { kind: 'arm'; points: KillPoint[] }
  /** The clock shall be this far ahead of the machine's. */
  | { kind: 'clock'; offsetMs: number }
  | { kind: 'do'; chore: Chore }

export type FromChild =
  /** Everything is imported; it waits for its start. */
  | { kind: 'loaded' }
  | { kind: 'listening'; port: number }
  | { kind: 'dying'; point: KillPoint }
  | { kind: 'did'; chore: Chore }
