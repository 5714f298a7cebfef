import { once } from 'node:events'
import { mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Address } from 'viem'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { deployer } from './chain/network.ts'
import { inferenceAbi } from './contracts/abi.ts'
import { type Devnet, startDevnet } from './devnet.ts'
import type { DevnetProvider } from './provider/provider.ts'
import { createCustomer, postChat } from './testing/client.ts'
import { isAlive, startChild } from './testing/processes.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'devnet-'))
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

const firstOf = ({ providers }: Devnet) => {
  const [provider] = providers
  if (!provider) throw new Error('The devnet has no provider')
  return provider
}

const getService = ({ publicClient, contracts }: Devnet, { address }: DevnetProvider) =>
  publicClient.readContract({
    address: contracts.inference,
    abi: inferenceAbi,
    functionName: 'getService',
    args: [address],
  })

const getGenesisHash = async ({ publicClient }: Devnet) => (await publicClient.getBlock({ blockNumber: 0n })).hash

describe('a devnet with a data folder', () => {
  test('goes on where it ended', async () => {
    const before = await startDevnet({ dataDir, lockTimeSeconds: 3_600 })
    const provider = firstOf(before)
    const { account, authorization } = await createCustomer(before, provider)
    await (await postChat(provider, authorization)).text()
    const owed = provider.unsettledFee(account.address)
    const genesisHash = await getGenesisHash(before)
    const deployments = await before.publicClient.getTransactionCount({ address: deployer.address })
    await before.close()

    await using after = await startDevnet({ dataDir })

    const again = firstOf(after)
    expect(await getGenesisHash(after)).toBe(genesisHash)
    expect(after.contracts).toEqual(before.contracts)
    expect(await after.publicClient.getTransactionCount({ address: deployer.address })).toBe(deployments) // neither deployed nor acknowledged anew
    expect(again.address).toBe(provider.address)
    expect(await getService(after, again)).toMatchObject({ url: again.url, teeSignerAcknowledged: true })
    expect(again.url).not.toBe(provider.url)
    expect(owed).toBeGreaterThan(0n)
    expect(again.unsettledFee(account.address)).toBe(owed)
    expect((await postChat(again, authorization)).status).toBe(200)
    const logs = await after.publicClient.getLogs({ address: after.contracts.inference, fromBlock: 0n })
    expect(logs.length).toBeGreaterThan(5) // the history is there as well
    const total = again.unsettledFee(account.address)
    expect(total).toBeGreaterThan(owed)
    expect(await again.settle()).toMatchObject([{ status: 'success', totalFee: total, paid: total }])
  })

  test('loses nothing and leaves no process behind when its parent is killed', async () => {
    type Said = { pids: number[]; user: Address; owed: string; blockNumber: string }
    const { child, said } = await startChild<Said>('./kept-devnet-child.ts', dataDir)
    const { pids, user, owed, blockNumber } = said
    expect(pids.filter(isAlive)).toHaveLength(2)

    child.kill('SIGKILL')
    await once(child, 'exit')
    await using after = await startDevnet({ dataDir })

    await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 5_000, interval: 20 })
    expect(BigInt(owed)).toBeGreaterThan(0n)
    expect(firstOf(after).unsettledFee(user)).toBe(BigInt(owed))
    expect(await after.publicClient.getBlockNumber()).toBeGreaterThanOrEqual(BigInt(blockNumber))
  })

  test('does not go back in time after time was moved on', async () => {
    const before = await startDevnet({ dataDir })
    await before.testClient.increaseTime({ seconds: 100_000 })
    await before.testClient.mine({ blocks: 1 })
    const { timestamp } = await before.publicClient.getBlock()
    await before.close()

    await using after = await startDevnet({ dataDir, lockTimeSeconds: 7_200 })

    expect((await after.publicClient.getBlock()).timestamp).toBeGreaterThanOrEqual(timestamp)
    const read = { address: after.contracts.inference, abi: inferenceAbi, functionName: 'lockTime' } as const
    expect(await after.publicClient.readContract(read)).toBe(7_200n)
  })

  test('is refused to a second one, which is told who holds it', async () => {
    await using _first = await startDevnet({ dataDir })

    await expect(startDevnet({ dataDir })).rejects.toThrow(
      `chain.json is in use by another devnet (process ${process.pid}). End that one first`,
    )
  })

  test('says what to do about a chain that was cut off while it was written', async () => {
    await (await startDevnet({ dataDir })).close()
    await (await startDevnet({ dataDir })).close()
    const chainFile = join(dataDir, 'chain.json')
    await truncate(chainFile, Math.floor((await stat(chainFile)).size / 2))

    await expect(startDevnet({ dataDir })).rejects.toThrow(
      `${chainFile} is damaged: it was cut off while it was written. Remove its folder to begin anew or go back to the chain as it was at the last start: replace it by ${dataDir}/chain.backup.json`,
    )
  })

  test('begins anew when its first start did not come to its end', async () => {
    await writeFile(join(dataDir, 'chain.json'), '{"half": ')

    await using devnet = await startDevnet({ dataDir })

    expect(devnet.providers).toHaveLength(2)
  })

  test('says when the chain is another one', async () => {
    await (await startDevnet({ dataDir })).close()
    await writeFile(join(dataDir, 'devnet.json'), '{"genesisHash":"0x00"}')

    await expect(startDevnet({ dataDir })).rejects.toThrow(
      /chain\.json holds another chain: its block 0 is 0x\w{64}, not 0x00/,
    )
  })
})
