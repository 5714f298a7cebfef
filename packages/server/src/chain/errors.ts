import { BaseError, ContractFunctionRevertedError } from 'viem'
import { AppError } from '../platform/errors.ts'

/** Runs a read against the chain; whatever goes wrong becomes `chain-unavailable`. */
export async function onChain<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError(
      'chain-unavailable',
      'The chain did not answer. Nothing was moved; try again shortly',
      {},
      { cause: error },
    )
  }
}

/** The name of the contract error behind a failed call, if the contract itself refused. */
export function revertName(error: unknown): string | undefined {
  if (!(error instanceof BaseError)) return undefined
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError)
  return reverted instanceof ContractFunctionRevertedError ? (reverted.data?.errorName ?? 'Reverted') : undefined
}
