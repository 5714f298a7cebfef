import type { Verification } from '@dreamscape/protocol/analysis'
import { isAddressEqual, recoverMessageAddress } from 'viem'
import type { Hex } from '../platform/hex.ts'

export type Verdict = { verification: Verification; signedText: string | null; signature: string | null }

const signaturePattern = /^0x[0-9a-f]{130}$/i

/**
 * Judges what a provider signed: `signer` when the expected key signed it, `content` when it also begins with the hashes
 * of the very bytes sent and received. Text and signature are returned as given, valid or not. Never throws.
 */
export async function verifyResponse(options: {
  signed: { text: string; signature: string } | undefined
  signer: Hex
  /** SHA-256, hex, as in the signed text. */
  requestHash: string
  responseHash: string
}): Promise<Verdict> {
  const { signed, signer, requestHash, responseHash } = options
  if (!signed) return { verification: 'none', signedText: null, signature: null }
  const given = { signedText: signed.text, signature: signed.signature }
  if (!(await isSignedBy(signed, signer))) return { verification: 'none', ...given }
  // Centralized providers append who served the model, and over which TLS certificate.
  const [request, response] = signed.text.split(':')
  const isContent = request === requestHash && response === responseHash
  return { verification: isContent ? 'content' : 'signer', ...given }
}

async function isSignedBy({ text, signature }: { text: string; signature: string }, signer: Hex): Promise<boolean> {
  if (!isSignature(signature)) return false
  try {
    return isAddressEqual(await recoverMessageAddress({ message: text, signature }), signer)
  } catch {
    return false
  }
}

function isSignature(value: string): value is Hex {
  return signaturePattern.test(value)
}
