import { numberToHex } from 'viem'
import { expect, test } from 'vitest'
import { randomHash } from '../testing/random-hex.ts'
import { scriptedClient } from './testing/scripted-client.ts'
import { createTransactions } from './transactions.ts'

test('a receipt does not count that a reorganisation takes away while it is looked at', async () => {
  const hash = randomHash()
  let newest = 10
  /** Another branch without the transaction, two blocks longer, takes over as soon as anything was asked. */
  const moveOn = <T>(answer: T): T => {
    newest = 12
    return answer
  }
  const client = scriptedClient({
    eth_blockNumber: () => moveOn(numberToHex(newest)),
    eth_getTransactionReceipt: () => moveOn(newest === 10 ? receiptIn(10) : null),
  })
  const transactions = createTransactions({ client, confirmations: 3, maxGasPrice: 10n ** 12n })

  expect(await transactions.findReceipt(hash)).toBeUndefined()
})

function receiptIn(block: number) {
  return { status: '0x1', blockNumber: numberToHex(block), gasUsed: '0x5208', effectiveGasPrice: '0x1', logs: [] }
}
