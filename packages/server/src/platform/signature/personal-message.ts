import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Hex } from '../hex.ts'

const utf8 = new TextEncoder()

/** The EIP-191 digest of what `personal_sign` signs: https://eips.ethereum.org/EIPS/eip-191. */
export function personalMessageDigest(message: string): Hex {
  return `0x${bytesToHex(personalMessageDigestBytes(message))}`
}

export function personalMessageDigestBytes(message: string): Uint8Array {
  const body = utf8.encode(message)
  const prefix = utf8.encode(`\x19Ethereum Signed Message:\n${body.length}`)
  return keccak_256.create().update(prefix).update(body).digest()
}
