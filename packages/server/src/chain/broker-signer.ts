import { LRUCache } from 'lru-cache'
import { type Address, encodeFunctionData, keccak256, numberToHex, parseTransaction } from 'viem'
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import { assertNever } from '../platform/errors.ts'
import type { Hex } from '../platform/hex.ts'
import { hkdf } from '../platform/hkdf.ts'
import type { Secret } from '../platform/secret.ts'
import { ledgerManagerAbi } from './abis/ledger-manager.ts'
import type { Contracts } from './contracts.ts'

/** What a broker account may be asked to do on chain. Nothing else is ever signed. Neuron. */
export type Intent =
  | { kind: 'deposit'; amount: bigint }
  | { kind: 'transfer'; provider: Address; amount: bigint }
  /** Takes back what was asked back: the same call as a transfer, which first cancels refunds that are under way. */
  | { kind: 'restore'; provider: Address; amount: bigint }
  /** Asks providers for all that is locked for them, and takes what was asked for long enough ago. */
  | { kind: 'retrieve'; providers: readonly Address[] }
  /** From the ledger into the broker wallet. */
  | { kind: 'refund'; amount: bigint }
  /** From the broker wallet to its user, the only one who can ever be paid. */
  | { kind: 'payout'; amount: bigint }

export type Call = { to: Address; value: bigint; data: Hex }

/** Neuron per gas. */
export type Fees =
  | { type: 'eip1559'; maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }
  | { type: 'legacy'; gasPrice: bigint }

export type SignRequest = { user: Address; intent: Intent; nonce: number; gas: bigint; fees: Fees }

export type SignedTransaction = { raw: Hex; hash: Hex }

/** What `raw` was signed with. */
export type TransactionTerms = { nonce: number; gas: bigint; fees: Fees }

/** The only holder of broker keys; a KMS or a signer process can take its place. */
export type BrokerSigner = {
  brokerAddress: (user: Address) => Address
  callOf: (user: Address, intent: Intent) => Call
  signTransaction: (request: SignRequest) => Promise<SignedTransaction>
  termsOf: (raw: Hex) => TransactionTerms
  /** personal_sign over the 32 bytes of a 0G session token's hash, which no transaction can be mistaken for. */
  signSession: (user: Address, hash: Hex) => Promise<Hex>
  /** Tells secrets apart without telling them. */
  fingerprint: string
}

/** Order of the secp256k1 group. */
const groupOrder = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** Derives every broker key from one secret, on use; keys are never stored. */
export function createBrokerSigner(options: {
  secret: Secret<string>
  chainId: number
  contracts: Contracts
  serviceName: string
}): BrokerSigner {
  const { secret, chainId, contracts, serviceName } = options

  const accountOf = (user: Address): PrivateKeyAccount => privateKeyToAccount(deriveBrokerKey(secret, chainId, user))

  /** Addresses are public; deriving one costs a millisecond. */
  const addresses = new LRUCache<Address, Address>({ max: 10_000 })

  function brokerAddress(user: Address): Address {
    const known = addresses.get(user) ?? accountOf(user).address
    addresses.set(user, known)
    return known
  }

  const toLedger = (data: Hex, value = 0n): Call => ({ to: contracts.ledger, value, data })

  function callOf(user: Address, intent: Intent): Call {
    const abi = ledgerManagerAbi
    switch (intent.kind) {
      case 'deposit':
        return toLedger(encodeFunctionData({ abi, functionName: 'depositFund' }), intent.amount)
      case 'transfer':
      case 'restore': {
        const args = [intent.provider, serviceName, intent.amount] as const
        return toLedger(encodeFunctionData({ abi, functionName: 'transferFund', args }))
      }
      case 'retrieve': {
        const args = [intent.providers, serviceName] as const
        return toLedger(encodeFunctionData({ abi, functionName: 'retrieveFund', args }))
      }
      case 'refund':
        return toLedger(encodeFunctionData({ abi, functionName: 'refund', args: [intent.amount] }))
      case 'payout':
        return { to: user, value: intent.amount, data: '0x' }
      default:
        return assertNever(intent)
    }
  }

  return {
    brokerAddress,
    callOf,
    async signTransaction({ user, intent, nonce, gas, fees }) {
      const raw = await accountOf(user).signTransaction({
        ...fees,
        ...callOf(user, intent),
        chainId,
        nonce,
        gas,
      })
      return { raw, hash: keccak256(raw) }
    },
    termsOf,
    signSession: (user, hash) => accountOf(user).signMessage({ message: { raw: hash } }),
    fingerprint: derive(secret, 'fingerprint/v1', 16).toString('hex'),
  }
}

/** HKDF-SHA256 to 48 bytes, reduced to a valid key: the account outlives any database. */
export function deriveBrokerKey(secret: Secret<string>, chainId: number, user: Address): Hex {
  const wide = derive(secret, `dreamscape-broker/v1/${chainId}/${user.toLowerCase()}`, 48)
  const key = (BigInt(`0x${wide.toString('hex')}`) % (groupOrder - 1n)) + 1n
  return numberToHex(key, { size: 32 })
}

function derive(secret: Secret<string>, info: string, length: number): Buffer {
  return hkdf({ key: Buffer.from(secret.reveal(), 'hex'), info, length })
}

/** The gas limit and fees that `raw` was signed with, and its nonce. */
export function termsOf(raw: Hex): TransactionTerms {
  const { nonce = 0, gas = 0n, gasPrice, maxFeePerGas, maxPriorityFeePerGas = 0n } = parseTransaction(raw)
  const fees: Fees =
    maxFeePerGas === undefined
      ? { type: 'legacy', gasPrice: gasPrice ?? 0n }
      : { type: 'eip1559', maxFeePerGas, maxPriorityFeePerGas }
  return { nonce, gas, fees }
}

/** The most one gas may cost, in neuron. */
export function ceilingOf(fees: Fees): bigint {
  return fees.type === 'legacy' ? fees.gasPrice : fees.maxFeePerGas
}
