import { hashMessage, recoverMessageAddress } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { expect, test } from 'vitest'
import { createSessionToken, sessionBearer, sessionMessage, sessionMessageHash } from './session-token.ts'

const account = mnemonicToAccount('test test test test test test test test test test test junk', { addressIndex: 2 })
const provider = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
const hourMs = 3_600_000

test('spells, hashes and signs a token as the 0G SDK does', async () => {
  const message = sessionMessage({
    address: account.address,
    provider,
    timestamp: 1750000000000,
    expiresAt: 0,
    nonce: '0123456789abcdef0123456789abcdef',
    generation: 0,
    tokenId: 0,
  })
  const hash = sessionMessageHash(message)
  const signature = await account.signMessage({ message: { raw: hash } })

  expect(message).toBe(
    '{"address":"0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC","provider":"0x70997970C51812dc3A010C7d01b50e0d17dc79C8",' +
      '"timestamp":1750000000000,"expiresAt":0,"nonce":"0123456789abcdef0123456789abcdef","generation":0,"tokenId":0}',
  )
  expect(hash).toBe('0x5e5356072e4be20133a7efd98c3068944e259a037f28c8360d01c2450652fcea')
  expect(hashMessage({ raw: hash })).toBe('0xfc5521658d967706c9ddf8bd4db623b03bcf54bab4682e64c489f5da63b09b9f')
  expect(signature).toBe(
    '0x79ae63cb4d6ea3ca2f6b694b2dbf329a07afba8ed95acda1827de2fa646059b14c4ef06bf08e7fe302b7bc336bec8779efbcc4154a630e40905b5871c4c9c4f31b',
  )
  expect(sessionBearer(message, signature)).toBe(`app-sk-${Buffer.from(`${message}|${signature}`).toString('base64')}`)
})

test('creates an ephemeral token that its user has signed', async () => {
  const token = await createToken({ lifetimeMs: hourMs })

  const { message, signature } = read(token.bearer)
  expect(token.expiresAtMs).toBe(1_000 + hourMs)
  expect(JSON.parse(message)).toEqual({
    address: account.address,
    provider,
    timestamp: 1_000,
    expiresAt: 1_000 + hourMs,
    nonce: expect.stringMatching(/^[0-9a-f]{32}$/),
    generation: 3,
    tokenId: 255,
  })
  expect(await recoverMessageAddress({ message: { raw: sessionMessageHash(message) }, signature })).toBe(
    account.address,
  )
})

test('lets no token live longer than a day', async () => {
  const token = await createToken({ lifetimeMs: 25 * hourMs })

  expect(token.expiresAtMs).toBe(1_000 + 24 * hourMs)
})

test('never uses a nonce twice', async () => {
  const [first, second] = await Promise.all([createToken({ lifetimeMs: hourMs }), createToken({ lifetimeMs: hourMs })])

  expect(first.bearer).not.toBe(second.bearer)
})

function createToken({ lifetimeMs }: { lifetimeMs: number }) {
  return createSessionToken({
    user: account.address,
    provider,
    generation: 3,
    nowMs: 1_000,
    lifetimeMs,
    sign: (hash) => account.signMessage({ message: { raw: hash } }),
  })
}

function read(bearer: string) {
  const [message = '', signature = ''] = Buffer.from(bearer.slice('app-sk-'.length), 'base64').toString().split('|')
  return { message, signature: signature as `0x${string}` }
}
