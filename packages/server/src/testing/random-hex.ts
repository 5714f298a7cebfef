import { randomBytes } from 'node:crypto'
import { getAddress } from 'viem'
import type { Hex } from '../platform/hex.ts'

/** An address nobody has used before, checksummed. */
export function randomAddress(): Hex {
  return getAddress(randomHex(20))
}

/** A hash or digest that occurs nowhere else. */
export function randomHash(): Hex {
  return randomHex(32)
}

function randomHex(bytes: number): Hex {
  return `0x${randomBytes(bytes).toString('hex')}`
}
