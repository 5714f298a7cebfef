import { encodeAbiParameters, encodeEventTopics, numberToHex, parseAbiParameters } from 'viem'
import { describe, expect, test } from 'vitest'
import { randomAddress, randomHash } from '../testing/random-hex.ts'
import { inferenceServingAbi } from './abis/inference-serving.ts'
import { createChainReader } from './reader.ts'
import { scriptedClient } from './testing/scripted-client.ts'

const [broker, provider, ledger, inference] = [randomAddress(), randomAddress(), randomAddress(), randomAddress()]
const [ours, settlement] = [randomHash(), randomHash()]

describe('what a transaction moved', () => {
  test('is told apart from what a settlement took before it', async () => {
    const reader = readerOf({ all: [update(settlement, 11, 7n), update(ours, 12, 0n)], own: [update(ours, 12, 0n)] })

    expect(await reader.listMoves(collection)).toEqual([{ provider, moved: -7n, left: 0n }])
  })

  test('is nothing when the transaction itself tells of nothing', async () => {
    const reader = readerOf({ all: [update(settlement, 11, 7n)], own: [] })

    expect(await reader.listMoves(collection)).toEqual([])
  })

  test('is not known from a node that has not come to its block', async () => {
    const reader = readerOf({ all: [update(settlement, 11, 7n)], own: [update(ours, 12, 0n)] })

    await expect(reader.listMoves(collection)).rejects.toMatchObject({ code: 'chain-unavailable' })
  })
})

const collection = {
  broker,
  hash: ours,
  blockNumber: 12,
  since: { blockNumber: 10, balances: [{ provider, balance: 9n }] },
}

/** Reads from a node with these events, of which `own` stand in the receipt. */
function readerOf({ all, own }: { all: unknown[]; own: unknown[] }) {
  const client = scriptedClient({
    eth_getLogs: () => all,
    eth_getTransactionReceipt: () => ({ status: '0x1', blockNumber: numberToHex(12), logs: own }),
  })
  return createChainReader({ client, contracts: { ledger, inference }, confirmations: 3 })
}

/** A BalanceUpdated event as a node tells it. */
function update(transactionHash: string, block: number, balance: bigint) {
  const topics = encodeEventTopics({
    abi: inferenceServingAbi,
    eventName: 'BalanceUpdated',
    args: { user: broker, provider },
  })
  const data = encodeAbiParameters(parseAbiParameters('uint256, uint256'), [balance, 0n])
  return { address: inference, topics, data, transactionHash, blockNumber: numberToHex(block), logIndex: '0x0' }
}
