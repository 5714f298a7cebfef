import { formatOg } from '@dreamscape/protocol/money'
import type { Address } from 'viem'
import { AppError } from '../../platform/errors.ts'
import { paymentUri } from './payment-uri.ts'

/** A 402 with all a frontend needs to let the user pay: how much is missing, where to send it, and a link a wallet opens. Neuron. */
export function insufficientFunds(options: {
  message: string
  available: bigint
  shortfall: bigint
  /** Gas that has to arrive together with the shortfall. */
  gas: bigint
  brokerAddress: Address
  chainId: number
  more?: Record<string, string>
}): AppError {
  const { message, available, shortfall, gas, brokerAddress, chainId, more } = options
  return new AppError('insufficient-funds', message, {
    required: formatOg(available + shortfall),
    available: formatOg(available),
    shortfall: formatOg(shortfall),
    brokerAddress,
    chainId,
    paymentUri: paymentUri(brokerAddress, chainId, shortfall + gas),
    ...more,
  })
}
