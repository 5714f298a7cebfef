import type { Hex } from 'viem'
import type { ChainClients } from '../chain/clients.ts'
import { deployer } from '../chain/network.ts'
import { inferenceAbi } from './abi.ts'
import { contracts } from './addresses.ts'
import { assertAddress, deployContracts } from './deploy.ts'

const defaultLockTimeSeconds = 86_400

// Source: InferenceServing, `LockTimeOutOfRange`.
const minLockTimeSeconds = 3_600
const maxLockTimeSeconds = 604_800

/** Throws when the contract would not take this lock time. */
export function checkLockTime(seconds: number): void {
  if (Number.isInteger(seconds) && seconds >= minLockTimeSeconds && seconds <= maxLockTimeSeconds) return
  throw new Error(
    `lockTimeSeconds must be a whole number from ${minLockTimeSeconds} (an hour) to ${maxLockTimeSeconds} (a week), not ${seconds}`,
  )
}

type KeptChain = { chainFile: string; genesisHash: string | undefined }
type Setup = { kept: KeptChain | undefined; lockTimeSeconds: number | undefined }

/** Deploys the contracts on a new chain; on a kept one, checks that it is the kept one and that they are there. */
export async function ensureContracts(clients: ChainClients, { kept, lockTimeSeconds }: Setup): Promise<void> {
  if (kept?.genesisHash === undefined) {
    await deployContracts(clients, lockTimeSeconds ?? defaultLockTimeSeconds)
    return checkContracts(clients)
  }
  const genesisHash = await genesisHashOf(clients)
  if (genesisHash !== kept.genesisHash) {
    throw new Error(
      `${kept.chainFile} holds another chain: its block 0 is ${genesisHash}, not ${kept.genesisHash}. Remove its folder to begin anew`,
    )
  }
  await keepTimeGoing(clients)
  await checkContracts(clients)
  if (lockTimeSeconds !== undefined) await ensureLockTime(clients, lockTimeSeconds)
}

export async function genesisHashOf({ publicClient }: ChainClients): Promise<Hex> {
  const { hash } = await publicClient.getBlock({ blockNumber: 0n })
  return hash
}

/** anvil forgets by how much its time was moved on; a block must not be older than the one before it. */
async function keepTimeGoing({ publicClient, testClient }: ChainClients): Promise<void> {
  const { timestamp } = await publicClient.getBlock()
  const aheadSeconds = Number(timestamp) - Math.floor(Date.now() / 1_000)
  if (aheadSeconds > 0) await testClient.increaseTime({ seconds: aheadSeconds })
}

/** Throws unless both contracts are where the SDK looks for them and know each other and their owner. */
async function checkContracts({ publicClient }: ChainClients): Promise<void> {
  const inference = { address: contracts.inference, abi: inferenceAbi } as const
  const [owner, ledger, ledgerCode] = await Promise.all([
    publicClient.readContract({ ...inference, functionName: 'owner' }),
    publicClient.readContract({ ...inference, functionName: 'ledgerAddress' }),
    publicClient.getCode({ address: contracts.ledger }),
  ])
  assertAddress('The owner of InferenceServing', owner, deployer.address)
  assertAddress('The LedgerManager of InferenceServing', ledger, contracts.ledger)
  if (!ledgerCode) throw new Error(`There is no LedgerManager at ${contracts.ledger}`)
}

/** Gives contracts that are already there this lock time. */
async function ensureLockTime({ publicClient, walletClient }: ChainClients, seconds: number): Promise<void> {
  const inference = { address: contracts.inference, abi: inferenceAbi } as const
  if ((await publicClient.readContract({ ...inference, functionName: 'lockTime' })) === BigInt(seconds)) return
  const args = [BigInt(seconds)] as const
  const hash = await walletClient(deployer).writeContract({ ...inference, functionName: 'updateLockTime', args })
  const { status } = await publicClient.waitForTransactionReceipt({ hash })
  if (status !== 'success') throw new Error(`Transaction ${hash}, which sets the lock time, was reverted`)
}
