import type { Hex } from './hex.ts'

/** Who asks, proven by a signature over one message. */
export type Principal = {
  /** Checksummed. */
  address: Hex
  /** EIP-191 digest of the signed message: with `address`, the identity of this one request. */
  digest: Hex
  /** Names this run of the request: a retry is another one. */
  runId: string
  /** When this request came for the first time: a retry is as old. */
  firstAskedAt: Date
  /** Encrypts an answer so that only the holder of this very signature can open it again. */
  seal: (answer: object) => Uint8Array
}
