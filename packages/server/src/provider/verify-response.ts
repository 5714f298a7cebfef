import type { Verification } from '@dreamscape/protocol/analysis'
import type { Hex } from '../platform/hex.ts'
import type { SignatureVerifier } from '../platform/signature/verifier.ts'

export type Verdict = { verification: Verification; signedText: string | null; signature: string | null }

/**
 * Judges what a provider signed: `signer` when the expected key signed it, `content` when it also begins with the hashes
 * of the very bytes sent and received. Text and signature are returned as given, valid or not. Never throws.
 */
export function verifyResponse(options: {
  verifier: Pick<SignatureVerifier, 'verify'>
  signed: { text: string; signature: string } | undefined
  signer: Hex
  /** SHA-256, hex, as in the signed text. */
  requestHash: string
  responseHash: string
}): Verdict {
  const { verifier, signed, signer, requestHash, responseHash } = options
  if (!signed) return { verification: 'none', signedText: null, signature: null }
  const given = { signedText: signed.text, signature: signed.signature }
  const isSigned = verifier.verify({ address: signer, message: signed.text, signature: signed.signature }) !== undefined
  if (!isSigned) return { verification: 'none', ...given }
  // Centralized providers append who served the model, and over which TLS certificate.
  const [request, response] = signed.text.split(':')
  const isContent = request === requestHash && response === responseHash
  return { verification: isContent ? 'content' : 'signer', ...given }
}
