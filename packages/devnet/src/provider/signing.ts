import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import type { Fault } from './faults.ts'
import {
  type ResponseSignature,
  type SignatureStore,
  sha256Hex,
  signatureText,
  signText,
} from './response-signature.ts'
import { devnetKey } from './spec.ts'

type Deps = { teeSigner: PrivateKeyAccount; signatures: SignatureStore }
type Delivery = { chatId: string; requestHash: string; responseHash: string }

const strangerSigner = privateKeyToAccount(devnetKey('a key that signs for nobody'))
const otherRequest = sha256Hex(Buffer.from('another request'))
const otherResponse = sha256Hex(Buffer.from('another response'))

/** Signs a response and makes the signature known under its chat id, as far as the fault lets it. */
export function createSigning({ teeSigner, signatures }: Deps) {
  let previous: ResponseSignature | undefined

  async function signFor(delivery: Delivery, fault: Fault | undefined): Promise<ResponseSignature | undefined> {
    if (fault?.kind === 'missing-signature') return undefined
    if (fault?.kind === 'replayed-signature') return previous
    const signer = fault?.kind === 'wrong-signature' ? strangerSigner : teeSigner
    return { ...(await signText(signer, claim(delivery, fault))), signing_address: teeSigner.address }
  }

  return async (delivery: Delivery, fault: Fault | undefined): Promise<void> => {
    const value = await signFor(delivery, fault)
    if (!value) return
    previous = value
    signatures.put(delivery.chatId, { value, misses: fault?.kind === 'late-signature' ? fault.misses : 0 })
  }
}

function claim({ requestHash, responseHash }: Delivery, fault: Fault | undefined): string {
  switch (fault?.kind) {
    case 'wrong-request-hash':
      return signatureText(otherRequest, responseHash)
    case 'wrong-response-hash':
      return signatureText(requestHash, otherResponse)
    case 'other-text-signature':
      return signatureText(otherRequest, otherResponse)
    default:
      return signatureText(requestHash, responseHash)
  }
}
