import { type Address, encodeDeployData, encodeFunctionData, type Hex, isAddressEqual } from 'viem'
import type { ChainClients } from '../chain/clients.ts'
import { deployer } from '../chain/network.ts'
import { beaconAbi, beaconProxyAbi, inferenceAbi, ledgerAbi } from './abi.ts'
import { contracts } from './addresses.ts'
import { loadBytecode } from './bytecode.ts'

/**
 * Deploys the 0G contracts behind beacon proxies on a fresh chain. An address follows from the deployer's nonce, so the
 * order is fixed; throws when a contract does not end up where the SDK looks for it.
 */
export async function deployContracts(clients: ChainClients, lockTimeSeconds: number): Promise<void> {
  const send = createOrderedSender(clients)
  const code = loadBytecode()

  const deployBehindBeacon = async (implementation: Hex): Promise<Address> => {
    const logic = await send.create(implementation)
    const beacon = await send.create(encodeDeployData({ abi: beaconAbi, bytecode: code.beacon, args: [logic] }))
    return send.create(encodeDeployData({ abi: beaconProxyAbi, bytecode: code.beaconProxy, args: [beacon, '0x'] }))
  }

  const ledger = await deployBehindBeacon(code.ledger)
  await send.call(ledger, encodeFunctionData({ abi: ledgerAbi, functionName: 'initialize', args: [deployer.address] }))

  const inference = await deployBehindBeacon(code.inference)
  await send.call(
    inference,
    encodeFunctionData({
      abi: inferenceAbi,
      functionName: 'initialize',
      args: [BigInt(lockTimeSeconds), ledger, deployer.address],
    }),
  )
  await send.call(
    ledger,
    encodeFunctionData({
      abi: ledgerAbi,
      functionName: 'registerService',
      args: ['inference', 'v1.0', inference, 'inference serving service v1.0'],
    }),
  )
  await send.call(
    ledger,
    encodeFunctionData({ abi: ledgerAbi, functionName: 'setRecommendedService', args: ['inference', 'v1.0'] }),
  )

  assertAddress('LedgerManager', ledger, contracts.ledger)
  assertAddress('InferenceServing', inference, contracts.inference)
}

/** Sends the deployer's transactions one after another and throws on the first that fails. */
function createOrderedSender({ publicClient, walletClient }: ChainClients) {
  const wallet = walletClient(deployer)
  let nonce = 0

  const send = async (transaction: { to?: Address; data: Hex }) => {
    const hash = await wallet.sendTransaction({ ...transaction, nonce: nonce++, gas: 8_000_000n })
    const receipt = await publicClient.waitForTransactionReceipt({ hash })
    if (receipt.status !== 'success') throw new Error(`Deployment transaction ${nonce - 1} was reverted`)
    return receipt
  }

  return {
    async create(data: Hex): Promise<Address> {
      const { contractAddress } = await send({ data })
      if (!contractAddress) throw new Error(`Deployment transaction ${nonce - 1} created no contract`)
      return contractAddress
    },
    async call(to: Address, data: Hex): Promise<void> {
      await send({ to, data })
    },
  }
}

export function assertAddress(name: string, actual: Address, expected: Address): void {
  if (!isAddressEqual(actual, expected)) throw new Error(`${name} is ${actual}, not ${expected}: was the chain fresh?`)
}
