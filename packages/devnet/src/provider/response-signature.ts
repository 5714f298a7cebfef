import { createHash } from 'node:crypto'
import type { Hex, LocalAccount } from 'viem'

/** The answer of the signature route. */
export type ResponseSignature = { text: string; signature: Hex; signing_address: string; signing_algo: 'ecdsa' }

export type SignatureStore = ReturnType<typeof createSignatureStore>

const keptMs = 20 * 60_000

/** `sha256(request body):sha256(response body)`, both over the raw bytes. Source: 0G provider broker, chat signature. */
export function signatureText(requestHash: string, responseHash: string): string {
  return `${requestHash}:${responseHash}`
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** An EIP-191 personal_sign over the text. */
export async function signText(signer: LocalAccount, text: string): Promise<ResponseSignature> {
  const signature = await signer.signMessage({ message: text })
  return { text, signature, signing_address: signer.address, signing_algo: 'ecdsa' }
}

/** Keeps signatures for 20 minutes, by chat id; ids are found whatever their case. */
export function createSignatureStore() {
  const entries = new Map<string, { value: ResponseSignature; misses: number; expiresAt: number }>() // in order of expiry
  const dropExpired = (now: number) => {
    for (const [chatId, { expiresAt }] of entries) {
      if (expiresAt > now) return
      entries.delete(chatId)
    }
  }
  return {
    /** The signature is hidden from the first `misses` look-ups. */
    put(chatId: string, { value, misses = 0 }: { value: ResponseSignature; misses?: number }, now = Date.now()): void {
      dropExpired(now)
      entries.set(chatId.toLowerCase(), { value, misses, expiresAt: now + keptMs })
    },
    find(chatId: string, now = Date.now()): ResponseSignature | undefined {
      dropExpired(now)
      const entry = entries.get(chatId.toLowerCase())
      if (!entry) return undefined
      if (entry.misses === 0) return entry.value
      entry.misses -= 1
      return undefined
    },
  }
}
