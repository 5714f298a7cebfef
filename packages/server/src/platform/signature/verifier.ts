import { isWellFormed } from '@dreamscape/protocol/unicode'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { StartupError } from '../errors.ts'
import type { Hex } from '../hex.ts'
import { parseSignature } from './parse-signature.ts'
import { personalMessageDigestBytes } from './personal-message.ts'
import { type Recover, type Tier, tiers } from './tiers.ts'

export type SignedMessage = { address: string; message: string; signature: string }

/** `signatureKey` is r‖s of the signature, 64 bytes: only who holds the signature knows it. */
export type VerifiedMessage = { digest: Hex; signatureKey: Uint8Array }

export type SignatureVerifier = {
  tier: Tier['name']
  /** Says whether the key of `address` signed `message` (EIP-191); undefined when not. Never throws, whatever it is given. */
  verify: (signed: SignedMessage) => VerifiedMessage | undefined
}

/** Takes the fastest library that is present and right; throws `StartupError` when none is. */
export async function createSignatureVerifier(candidates: readonly Tier[] = tiers): Promise<SignatureVerifier> {
  for (const tier of candidates) {
    const recover = await tier.load().catch(() => undefined)
    if (!recover) continue
    const verify = verifyWith(recover)
    if (isRight(verify)) return { tier: tier.name, verify }
  }
  throw new StartupError('No secp256k1 library works here: run npm ci again, on a platform that has WebAssembly')
}

function verifyWith(recover: Recover): SignatureVerifier['verify'] {
  return (signed) => {
    try {
      const { address, message, signature } = signed
      const parsed = parseSignature(signature)
      if (!parsed || typeof address !== 'string' || typeof message !== 'string') return undefined
      if (!isWellFormed(message)) return undefined
      const digest = personalMessageDigestBytes(message)
      const signer = addressOf(recover(parsed.compact, parsed.recovery, digest))
      if (signer !== address.toLowerCase()) return undefined
      return { digest: `0x${bytesToHex(digest)}`, signatureKey: parsed.compact }
    } catch {
      // Libraries throw where no point fits r, and callers' bugs end here too: whatever fails is no proof.
      return undefined
    }
  }
}

function addressOf(publicKey: Uint8Array): string {
  return `0x${bytesToHex(keccak_256(publicKey.subarray(1)).subarray(-20))}`
}

/** One signature of each parity, made by another library, and one over another text. */
function isRight(verify: SignatureVerifier['verify']): boolean {
  const address = '0x3971292981aAB0456BBBc199D527298355CBB514'
  const signature =
    '0x61255b20c14dac7647bc1f57c439299b2e884f1c5bcbf606054b617e77b3a94305add8816f29a89f7c508f03e28a3aa22f64f855103149c0d95a740c9f5160211b'
  const odd =
    '0xf2bcd70d8f7ea5a3f48fb281f96cfaf48eba673b18efc476e494fefdf7d2908938f6f2bc4ca4f3cf879b7c5c3981be55bcad20adc7a48d6d930fc8393f70ad571c'
  return (
    verify({ address, message: 'Check balance for 0 at 0', signature }) !== undefined &&
    verify({ address, message: 'Check balance for 0 at 1', signature: odd }) !== undefined &&
    verify({ address, message: 'Check balance for 0 at 1', signature }) === undefined
  )
}
