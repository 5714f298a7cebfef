import {
  BaseError,
  ContractFunctionRevertedError,
  decodeErrorResult,
  ExecutionRevertedError,
  isHex,
  RpcRequestError,
} from 'viem'
import { AppError } from '../platform/errors.ts'
import { ledgerManagerAbi } from './abis/ledger-manager.ts'

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

/** What to tell when the ledger contract itself refused a simulated transaction; undefined when something else failed. */
export function refusalOf(error: unknown): AppError | undefined {
  if (!(error instanceof BaseError)) return undefined
  if (!(error.walk((cause) => cause instanceof ExecutionRevertedError) instanceof ExecutionRevertedError))
    return undefined
  const name = ledgerErrorName(error) ?? 'Reverted'
  return new AppError(
    'invalid-request',
    `The contract refuses this now (${name}), so nothing was moved: read your balance before you try again`,
    { contractError: name },
    { cause: error },
  )
}

function ledgerErrorName(error: BaseError): string | undefined {
  const answer = error.walk((cause) => cause instanceof RpcRequestError)
  if (!(answer instanceof RpcRequestError) || !isHex(answer.data)) return undefined
  try {
    return decodeErrorResult({ abi: ledgerManagerAbi, data: answer.data }).errorName
  } catch {
    // An error that is not among those we know.
    return undefined
  }
}

/** The name of the contract error behind a failed call, if the contract itself refused. */
export function revertName(error: unknown): string | undefined {
  if (!(error instanceof BaseError)) return undefined
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError)
  return reverted instanceof ContractFunctionRevertedError ? (reverted.data?.errorName ?? 'Reverted') : undefined
}
