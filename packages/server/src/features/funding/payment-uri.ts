import type { Address } from 'viem'
import { AppError } from '../../platform/errors.ts'

/** ERC-681 request to pay `amount` neuron to `to`; wallets open it. */
export function paymentUri(to: Address, chainId: number, amount: bigint): string {
  if (amount < 0n) throw new AppError('internal', 'A payment below zero was asked for')
  return `ethereum:${to}@${chainId}?value=${amount}`
}
