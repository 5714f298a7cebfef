import type { Hex } from './hex.ts'

/** Who asks, proven by a signature over one message. */
export type Principal = {
  /** Checksummed. */
  address: Hex
  /** EIP-191 digest of the signed message: with `address`, the identity of this one request. */
  digest: Hex
}
