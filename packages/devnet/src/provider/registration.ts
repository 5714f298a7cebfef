import { parseEther } from 'viem'
import type { ChainClients } from '../chain/clients.ts'
import { deployer } from '../chain/network.ts'
import { inferenceAbi } from '../contracts/abi.ts'
import { contracts } from '../contracts/addresses.ts'
import type { ProviderSpec } from './spec.ts'

/** The stake InferenceServing demands of a new provider. */
const stake = parseEther('100')

/** Registers a provider under `url`, with its stake. The owner has still to acknowledge its signer. */
export async function registerProvider(clients: ChainClients, { spec, url }: { spec: ProviderSpec; url: string }) {
  const { testClient, walletClient } = clients
  await testClient.setBalance({ address: spec.wallet.address, value: parseEther('10000') })
  const hash = await walletClient(spec.wallet).writeContract({
    address: contracts.inference,
    abi: inferenceAbi,
    functionName: 'addOrUpdateService',
    args: [
      {
        serviceType: 'chatbot',
        url,
        model: spec.model,
        verifiability: 'TeeML',
        inputPrice: spec.inputPrice,
        outputPrice: spec.outputPrice,
        additionalInfo: JSON.stringify({
          TargetSeparated: false,
          ProviderType: 'decentralized',
          TEEVerifier: 'dstack',
        }),
        teeSignerAddress: spec.teeSigner.address,
      },
    ],
    value: stake,
  })
  await expectSuccess(clients, hash)
}

/** The contract owner's acknowledgement, without which nobody can use the provider. */
export async function acknowledgeProvider(clients: ChainClients, { wallet }: ProviderSpec): Promise<void> {
  const hash = await clients.walletClient(deployer).writeContract({
    address: contracts.inference,
    abi: inferenceAbi,
    functionName: 'acknowledgeTEESignerByOwner',
    args: [wallet.address],
  })
  await expectSuccess(clients, hash)
}

async function expectSuccess({ publicClient }: ChainClients, hash: `0x${string}`): Promise<void> {
  const { status } = await publicClient.waitForTransactionReceipt({ hash })
  if (status !== 'success') throw new Error(`Transaction ${hash} of the provider's registration was reverted`)
}
