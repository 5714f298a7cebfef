import { type Hex, parseEther } from 'viem'
import type { ChainClients } from '../chain/clients.ts'
import { deployer } from '../chain/network.ts'
import { inferenceAbi } from '../contracts/abi.ts'
import { contracts } from '../contracts/addresses.ts'
import { isRevert } from './chain-state.ts'
import type { ProviderSpec } from './spec.ts'

/** The stake InferenceServing demands of a new provider. */
const stake = parseEther('100')

/**
 * More than a registration takes. An estimate may fall short: it saves writing the time of the update when that is the
 * present second, and the block may come in the next one.
 */
export const registrationGas = 1_000_000n

const inference = { address: contracts.inference, abi: inferenceAbi } as const

type Registration = { spec: ProviderSpec; url: string }

/**
 * Registers a provider under `url`: a new one with its stake, a known one with nothing changed but the address, which
 * keeps the owner's acknowledgement. Returns the prices on chain.
 */
export async function registerProvider(clients: ChainClients, { spec, url }: Registration) {
  const { testClient, walletClient } = clients
  const known = await findService(clients, spec)
  if (!known) await testClient.setBalance({ address: spec.wallet.address, value: parseEther('10000') })
  const terms = known ?? termsOf(spec)
  const hash = await walletClient(spec.wallet).writeContract({
    ...inference,
    functionName: 'addOrUpdateService',
    args: [{ ...terms, url }],
    value: known ? 0n : stake,
    gas: registrationGas,
  })
  await expectSuccess(clients, hash)
  return { inputPrice: terms.inputPrice, outputPrice: terms.outputPrice }
}

/** The contract owner's acknowledgement, without which nobody can use the provider. */
export async function ensureAcknowledged(clients: ChainClients, spec: ProviderSpec): Promise<void> {
  if ((await findService(clients, spec))?.teeSignerAcknowledged) return
  const hash = await clients.walletClient(deployer).writeContract({
    ...inference,
    functionName: 'acknowledgeTEESignerByOwner',
    args: [spec.wallet.address],
  })
  await expectSuccess(clients, hash)
}

async function findService({ publicClient }: ChainClients, { wallet }: ProviderSpec) {
  try {
    return await publicClient.readContract({ ...inference, functionName: 'getService', args: [wallet.address] })
  } catch (error) {
    if (isRevert(error, 'ServiceNotExist')) return undefined
    throw error
  }
}

function termsOf({ model, inputPrice, outputPrice, teeSigner }: ProviderSpec) {
  return {
    serviceType: 'chatbot',
    model,
    verifiability: 'TeeML',
    inputPrice,
    outputPrice,
    additionalInfo: JSON.stringify({
      TargetSeparated: false,
      ProviderType: 'decentralized',
      TEEVerifier: 'dstack',
    }),
    teeSignerAddress: teeSigner.address,
  }
}

async function expectSuccess({ publicClient }: ChainClients, hash: Hex): Promise<void> {
  const { status } = await publicClient.waitForTransactionReceipt({ hash })
  if (status !== 'success') throw new Error(`Transaction ${hash} of the provider's registration was reverted`)
}
