import {
  type Address,
  getAddress,
  type Hex,
  isAddress,
  isAddressEqual,
  isHex,
  keccak256,
  recoverMessageAddress,
  toBytes,
} from 'viem'
import { isRecord, parseJson } from '../completion/request.ts'
import { Refusal } from './refusal.ts'

export type SessionToken = {
  address: Address
  provider: string
  timestamp: number
  expiresAt: number
  nonce: string
  generation: number
  tokenId: number
}

export type SignedToken = { token: SessionToken; rawMessage: string; signature: Hex }

/** The token id of ephemeral tokens, which live a day at most and cannot be revoked one by one. */
const ephemeralTokenId = 255
const maxEphemeralMs = 86_400_000
const prefix = 'Bearer app-sk-'

/** Reads the Authorization header. Source: 0G provider broker, token rules. */
export function parseSessionToken(authorization: string | undefined): SignedToken {
  if (!authorization?.startsWith(prefix)) {
    throw new Refusal('missing or invalid Authorization header, must be Bearer app-sk-<base64(rawMessage:signature)>')
  }
  const encoded = authorization.slice(prefix.length)
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(encoded)) {
    throw new Refusal('invalid base64 in session token')
  }
  const decoded = Buffer.from(encoded, 'base64').toString('utf8')
  const bar = decoded.indexOf('|')
  if (bar < 0) throw new Refusal('invalid session token format, must be rawMessage|signature')
  const rawMessage = decoded.slice(0, bar)
  const signature = decoded.slice(bar + 1)
  const token = toSessionToken(parseJson(rawMessage))
  if (!token) throw new Refusal('invalid session token message')
  if (!isHex(signature)) throw new Refusal('signature verification failed: not a hex string')
  return { token, rawMessage, signature }
}

function toSessionToken(value: unknown): SessionToken | undefined {
  if (!isRecord(value)) return undefined
  const { address, provider, timestamp, expiresAt, nonce, generation, tokenId } = value
  if (typeof address !== 'string' || !isAddress(address, { strict: false })) return undefined
  if (typeof provider !== 'string' || typeof nonce !== 'string') return undefined
  if (!isCount(timestamp) || !isCount(expiresAt) || !isCount(generation) || !isCount(tokenId)) return undefined
  return { address: getAddress(address), provider, timestamp, expiresAt, nonce, generation, tokenId }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** The rules that need no chain: this provider, not expired, not ephemeral for too long. */
export function checkTokenTerms(token: SessionToken, { provider, nowMs }: { provider: Address; nowMs: number }): void {
  if (token.provider.toLowerCase() !== provider.toLowerCase()) {
    throw new Refusal('session token is for different provider')
  }
  if (token.tokenId === ephemeralTokenId) {
    if (token.expiresAt === 0) throw new Refusal('ephemeral token must have an expiration time')
    if (token.expiresAt - token.timestamp > maxEphemeralMs) {
      throw new Refusal('ephemeral token duration cannot exceed 24 hours')
    }
  }
  if (token.expiresAt > 0 && Math.floor(nowMs / 1000) > Math.floor(token.expiresAt / 1000)) {
    throw new Refusal('session token expired')
  }
}

type Revocation = { generation: bigint; revokedBitmap: bigint }

/** The rules kept on chain. Without an account there is nothing to check yet; its absence is refused later. */
export function checkTokenRevocation(token: SessionToken, account: Revocation | undefined): void {
  if (!account) return
  const generation = BigInt(token.generation)
  if (generation < account.generation) throw new Refusal('session token has been revoked (generation expired)')
  if (generation > account.generation) throw new Refusal('invalid session token (future generation)')
  if (token.tokenId === ephemeralTokenId) return
  if ((account.revokedBitmap >> BigInt(token.tokenId)) & 1n) throw new Refusal('session token has been revoked')
}

/** The signature is a personal_sign over the 32 bytes keccak256(rawMessage). */
export async function checkTokenSignature({ token, rawMessage, signature }: SignedToken): Promise<void> {
  const message = { raw: keccak256(toBytes(rawMessage)) }
  const signer = await recoverMessageAddress({ message, signature }).catch(() => undefined)
  if (!signer || !isAddressEqual(signer, token.address)) {
    throw new Refusal('signature verification failed: address mismatch')
  }
}
