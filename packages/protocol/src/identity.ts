import { z } from 'zod'

/** An EVM address as the caller spells it: checksummed or lower-case. The signed message repeats this very spelling. */
export const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'must be an address: 0x and 40 hex digits')
  .meta({ id: 'Address', example: '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC' })

/** `Date.now()` of the signer, in milliseconds. */
export const timestamp = z
  .int()
  .nonnegative()
  .meta({ id: 'Timestamp', description: 'Milliseconds since 1970, as Date.now() gives them', example: 1767225600000 })

/** What `personal_sign` (EIP-191) returned. Whether it is a valid signature is decided after parsing. */
export const signature = z
  .string()
  .min(1)
  .max(8192)
  .meta({ id: 'Signature', description: 'EIP-191 personal_sign signature, hex' })

/** The fields every signed POST body carries. */
export const signedFields = { address, signature, timestamp }

/** The headers every signed GET carries. */
export const signedHeaders = z.object({
  'x-signature': signature,
  'x-timestamp': z
    .string()
    .regex(/^(0|[1-9]\d{0,15})$/, 'must be digits only, without leading zeros')
    .transform(Number)
    .pipe(timestamp),
})

/** The exact texts a wallet signs. `address` and `amount` are used as sent, never re-spelled. */
export const messages = {
  init: (call: { address: string; timestamp: number }) =>
    `Initialize 0G Broker for ${call.address} at ${call.timestamp}`,
  balance: (call: { address: string; timestamp: number }) => `Check balance for ${call.address} at ${call.timestamp}`,
  fund: (call: { address: string; amount: string; timestamp: number }) =>
    `Fund ${call.amount} OG for ${call.address} at ${call.timestamp}`,
  withdraw: (call: { address: string; amount: string; timestamp: number; chainId: number }) =>
    `Withdraw ${call.amount} OG for ${call.address} at ${call.timestamp} on chain ${call.chainId}`,
  cancelWithdrawal: (call: { address: string; timestamp: number; chainId: number }) =>
    `Cancel withdrawal for ${call.address} at ${call.timestamp} on chain ${call.chainId}`,
  analyze: (call: { address: string; timestamp: number }) => `Analyze dream for ${call.address} at ${call.timestamp}`,
  transactions: (call: { address: string; timestamp: number; chainId: number }) =>
    `List transactions for ${call.address} at ${call.timestamp} on chain ${call.chainId}`,
}
