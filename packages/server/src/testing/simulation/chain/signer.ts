import type { Address } from 'viem'
import type { BrokerSigner, Call, Fees, Intent, SignRequest } from '../../../chain/broker-signer.ts'
import type { Hex } from '../../../platform/hex.ts'
import type { Sync } from '../sync.ts'
import { type BrokerTransaction, sentAlong } from './transaction.ts'

/** A call that remembers what it stands for, in place of call data. */
type ModelCall = Call & { intent: Intent }

/** The addresses of a chain, and everything that was ever signed for it. */
export type Signatures = ReturnType<typeof createSignatures>

export function createSignatures() {
  const brokers = new Map<Address, Address>()
  const users = new Map<Address, Address>()
  const signed = new Map<Hex, BrokerTransaction>()
  let hashes = 0

  /** Like the user's address, but for its first digit, so that a trace can be read. */
  function brokerAddress(user: Address): Address {
    const known = brokers.get(user)
    if (known) return known
    const broker: Address = `0xb${user.slice(3).toLowerCase()}`
    const other = users.get(broker)
    if (other && other.toLowerCase() !== user.toLowerCase()) {
      throw new Error(`${other} and ${user} would have the same broker address`)
    }
    brokers.set(user, broker)
    users.set(broker, user)
    return broker
  }

  /** One that nobody else gets. */
  const nextHash = (): Hex => `0x${(++hashes).toString(16).padStart(64, '0')}`

  return {
    brokerAddress,
    nextHash,

    /** Whose money a broker account holds. */
    findUser: (broker: Address): Address | undefined => users.get(broker),

    /** The same transaction for the same request. */
    sign(request: SignRequest): BrokerTransaction {
      const raw = rawOf(request)
      const known = signed.get(raw)
      if (known) return known
      const { user, intent, nonce, gas, fees } = request
      const from = brokerAddress(user)
      const value = sentAlong(intent)
      const made: BrokerTransaction = {
        kind: 'broker',
        hash: nextHash(),
        from,
        raw,
        user,
        nonce,
        gas,
        fees,
        intent,
        value,
      }
      signed.set(raw, made)
      return made
    },

    findSigned: (raw: Hex): BrokerTransaction | undefined => signed.get(raw),
  }
}

/** The twin of BrokerSigner: nothing is encrypted, everything is remembered. */
export function createModelSigner(signatures: Signatures): Sync<BrokerSigner> {
  return {
    brokerAddress: signatures.brokerAddress,
    callOf: (user, intent): ModelCall => ({ to: user, value: sentAlong(intent), data: '0x', intent }),
    signTransaction(request) {
      const { raw, hash } = signatures.sign(request)
      return { raw, hash }
    },
    termsOf(raw) {
      const found = signatures.findSigned(raw)
      if (!found) throw new Error(`${raw} was never signed`)
      const { nonce, gas, fees } = found
      return { nonce, gas, fees }
    },
    signSession: (_user, hash) => hash,
    fingerprint: 'model',
  }
}

/** What a call of the twin stands for. */
export function intentOf(call: Call): Intent {
  if ('intent' in call) return (call as ModelCall).intent
  throw new Error('Only calls of the model signer can be quoted')
}

function rawOf({ user, intent, nonce, gas, fees }: SignRequest): Hex {
  return `0x${user.slice(2)}/${nonce}/${gas}/${textOfFees(fees)}/${textOfIntent(intent)}`
}

function textOfFees(fees: Fees): string {
  return fees.type === 'legacy' ? `${fees.gasPrice}` : `${fees.maxFeePerGas}+${fees.maxPriorityFeePerGas}`
}

function textOfIntent(intent: Intent): string {
  if (intent.kind === 'retrieve') return `retrieve/${intent.providers.join()}`
  return 'provider' in intent ? `${intent.kind}/${intent.provider}/${intent.amount}` : `${intent.kind}/${intent.amount}`
}
