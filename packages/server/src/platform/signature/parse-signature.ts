export type ParsedSignature = {
  r: bigint
  s: bigint
  recovery: 0 | 1
  /** r‖s, 64 bytes. */
  compact: Uint8Array
}

const encoding = /^0x[0-9a-fA-F]{130}$/

/** The order of the secp256k1 group. */
const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/**
 * Reads r‖s‖v: exactly 65 bytes, v of 0, 1, 27 or 28, s in the lower half. Everything else is undefined; never throws.
 * Libraries differ in what they let through, so this decides before any of them is asked.
 */
export function parseSignature(signature: string): ParsedSignature | undefined {
  if (typeof signature !== 'string' || !encoding.test(signature)) return undefined
  const recovery = recoveryIds.get(signature.slice(130).toLowerCase())
  const r = BigInt(signature.slice(0, 66))
  const s = BigInt(`0x${signature.slice(66, 130)}`)
  if (recovery === undefined || r === 0n || r >= n || s === 0n || s > n / 2n) return undefined
  return { r, s, recovery, compact: Uint8Array.from(Buffer.from(signature.slice(2, 130), 'hex')) }
}

const recoveryIds = new Map<string, 0 | 1>([
  ['00', 0],
  ['01', 1],
  ['1b', 0],
  ['1c', 1],
])
