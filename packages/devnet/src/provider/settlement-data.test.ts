import { hashTypedData } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { expect, test } from 'vitest'
import { settlementTypedData, signSettlement } from './settlement-data.ts'

const settlement = {
  requestsHash: '0x7521d1cadbcfa91eec65aa16715b94ffc1c9654ba57ea2ef1a2127bca1127a83',
  nonce: 17_500_000_000_000_000n,
  provider: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
  user: '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC',
  totalFee: 2_000_000_000_000n,
} as const

test('a settlement is hashed and signed as ethers does it', async () => {
  const teeSigner = privateKeyToAccount(`0x${'11'.repeat(32)}`)

  expect(hashTypedData(settlementTypedData(settlement))).toBe(
    '0x6375cd6ac7e3a0b03dd008bd3b81690fc916070730f713a378cc7a8b561ae5ff',
  )
  expect((await signSettlement(teeSigner, settlement)).signature).toBe(
    '0x9226ada1bbbe578c45b4f001a8e2fd6d155ae7c8eca59302fff0fe14d0de5b6062b4c9894ba0e82063114f54bd7a542d4725b09315523c82e6f42d193c6e93461b',
  )
})
