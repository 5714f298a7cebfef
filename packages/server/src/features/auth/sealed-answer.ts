import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Hex } from '../../platform/hex.ts'
import { hkdf } from '../../platform/hkdf.ts'

const nonceBytes = 12
const tagBytes = 16

export type SealKey = { signatureKey: Uint8Array; digest: Hex }

/** Encrypts `answer` with AES-256-GCM under a key that only the request's signature yields: nonce ‖ tag ‖ ciphertext. */
export function sealAnswer(answer: object, key: SealKey): Uint8Array {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', derive(key), nonce)
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(answer), 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext])
}

/** Opens what `sealAnswer` made. Throws when the key is another or a byte was changed. */
export function openAnswer(sealed: Uint8Array, key: SealKey): unknown {
  const bytes = Buffer.from(sealed)
  const decipher = createDecipheriv('aes-256-gcm', derive(key), bytes.subarray(0, nonceBytes))
  decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
  const text = Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()])
  return JSON.parse(text.toString('utf8'))
}

function derive({ signatureKey, digest }: SealKey): Buffer {
  return hkdf({ key: signatureKey, info: Buffer.from(digest.slice(2), 'hex'), length: 32 })
}
