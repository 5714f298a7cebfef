/** What can be ordered to go wrong with one chat request. */
export type Fault =
  /** Answers with this status before anything is checked or billed. */
  | { kind: 'status'; status: number; body?: string | object; headers?: Record<string, string> }
  /** Answers after `delayMs`; otherwise all is well. */
  | { kind: 'delay'; delayMs: number }
  /** Accepts the request and never answers. */
  | { kind: 'hang' }
  /** Destroys the connection before the first byte of the answer; nothing is billed. */
  | { kind: 'drop-before-answer' }
  /** Destroys the connection after half of the answer, which is billed in full. */
  | { kind: 'drop-mid-stream' }
  /** Sends half of the answer, which is billed in full, and then nothing more. */
  | { kind: 'stall-mid-stream' }
  /** Refuses with the balance text, whatever the balance is. */
  | { kind: 'refuse-balance' }
  /** The model says exactly this. */
  | { kind: 'raw-answer'; content: string }
  /** The model begins an analysis that goes on for about this many bytes, and does not end it. */
  | { kind: 'flood'; bytes: number }
  /** The model does what the dream tells it to; see `obey`. */
  | { kind: 'obey' }
  /** No usage in the answer; billed by words, as the 0G provider broker does. */
  | { kind: 'no-usage' }
  /** This in the place of the usage; billed by the true one. */
  | { kind: 'bad-usage'; usage: unknown }
  /** The answer (of a stream: each frame) is broken JSON. */
  | { kind: 'broken-json' }
  /** Another key signs the response. */
  | { kind: 'wrong-signature' }
  /** The signature is never found. */
  | { kind: 'missing-signature' }
  /** The signature is found only after this many requests for it. */
  | { kind: 'late-signature'; misses: number }
  /** The signature of the provider's answer before this one; without one it is missing. */
  | { kind: 'replayed-signature' }
  /** The right key signs the hash of another request. */
  | { kind: 'wrong-request-hash' }
  /** The right key signs the hash of another response. */
  | { kind: 'wrong-response-hash' }
  /** The right key signs the hashes of another request and response. */
  | { kind: 'other-text-signature' }

export type FaultKind = Fault['kind']

export type FaultQueue = ReturnType<typeof createFaultQueue>

/** Ordered faults; each is spent on the next chat request that comes in, first in, first out. */
export function createFaultQueue() {
  const ordered: Fault[] = []
  return {
    /** How many chat requests are to go wrong now. */
    order: (fault: Fault): number => ordered.push(fault),
    take: (): Fault | undefined => ordered.shift(),
  }
}
