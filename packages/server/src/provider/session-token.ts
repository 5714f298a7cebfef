import { randomBytes } from 'node:crypto'
import { keccak256, stringToBytes } from 'viem'
import type { Hex } from '../platform/hex.ts'

/** Providers accept an ephemeral token for at most this long. */
const maxLifetimeMs = 24 * 60 * 60 * 1000

/** The token id that marks a token as ephemeral: it expires, and only a new generation revokes it earlier. */
const ephemeralTokenId = 255

export type SessionToken = {
  /** What follows `Bearer ` in the Authorization header. A secret. */
  bearer: string
  expiresAtMs: number
}

export type SessionTokenFields = {
  address: Hex
  provider: Hex
  timestamp: number
  expiresAt: number
  nonce: string
  generation: number
  tokenId: number
}

/** Signs a 0G session token that lets `user` call `provider` until it expires, at most 24 hours. */
export async function createSessionToken(options: {
  user: Hex
  provider: Hex
  /** `generation` of the user's account with this provider; a token of another generation is refused. */
  generation: number
  nowMs: number
  lifetimeMs: number
  /** EIP-191 `personal_sign` over the 32 raw bytes of the hash. */
  sign: (hash: Hex) => Promise<Hex>
}): Promise<SessionToken> {
  const expiresAtMs = options.nowMs + Math.min(options.lifetimeMs, maxLifetimeMs)
  const message = sessionMessage({
    address: options.user,
    provider: options.provider,
    timestamp: options.nowMs,
    expiresAt: expiresAtMs,
    nonce: randomBytes(16).toString('hex'),
    generation: options.generation,
    tokenId: ephemeralTokenId,
  })
  return { bearer: sessionBearer(message, await options.sign(sessionMessageHash(message))), expiresAtMs }
}

/** The exact text a token is made of, in the key order of the 0G SDK. */
export function sessionMessage(fields: SessionTokenFields): string {
  const { address, provider, timestamp, expiresAt, nonce, generation, tokenId } = fields
  return JSON.stringify({ address, provider, timestamp, expiresAt, nonce, generation, tokenId })
}

export function sessionMessageHash(message: string): Hex {
  return keccak256(stringToBytes(message))
}

export function sessionBearer(message: string, signature: Hex): string {
  return `app-sk-${Buffer.from(`${message}|${signature}`).toString('base64')}`
}
