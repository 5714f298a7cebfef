import { generatePrivateKey, mnemonicToAccount, privateKeyToAccount } from 'viem/accounts'
import { describe, expect, test } from 'vitest'
import { testMnemonic } from '../chain/constants.ts'
import { createAuthorization, encodeToken, signRawMessage } from '../testing/client.ts'
import { checkTokenRevocation, checkTokenSignature, checkTokenTerms, parseSessionToken } from './session-token.ts'

const provider = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'

// Made with ethers by account 2 of the test mnemonic.
const vector = {
  rawMessage:
    '{"address":"0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC","provider":"0x70997970C51812dc3A010C7d01b50e0d17dc79C8","timestamp":1750000000000,"expiresAt":0,"nonce":"0123456789abcdef0123456789abcdef","generation":0,"tokenId":0}',
  signature:
    '0x79ae63cb4d6ea3ca2f6b694b2dbf329a07afba8ed95acda1827de2fa646059b14c4ef06bf08e7fe302b7bc336bec8779efbcc4154a630e40905b5871c4c9c4f31b',
}

describe('a session token', () => {
  const user = privateKeyToAccount(generatePrivateKey())
  const parse = async (members = {}) => parseSessionToken(await createAuthorization(user, provider, members))
  const terms = { provider, nowMs: 1_750_000_000_000 } as const

  test('made by ethers is accepted', async () => {
    const signed = parseSessionToken(encodeToken(vector.rawMessage, vector.signature))

    expect(() => checkTokenTerms(signed.token, terms)).not.toThrow()
    await expect(checkTokenSignature(signed)).resolves.toBeUndefined()
  })

  test('is signed the same by viem', async () => {
    const account = mnemonicToAccount(testMnemonic, { addressIndex: 2 })

    expect(await signRawMessage(account, vector.rawMessage)).toBe(vector.signature)
  })

  test.each([
    [
      'no header',
      undefined,
      'missing or invalid Authorization header, must be Bearer app-sk-<base64(rawMessage:signature)>',
    ],
    ['another scheme', 'Basic abc', 'missing or invalid Authorization header'],
    ['no base64', 'Bearer app-sk-?', 'invalid base64'],
    ['no signature', `Bearer app-sk-${Buffer.from('{}').toString('base64')}`, 'invalid session token format'],
    ['no JSON', encodeToken('hello', '0x00'), 'invalid session token message'],
    [
      'members missing',
      encodeToken('{"address":"0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"}', '0x00'),
      'invalid session token message',
    ],
    ['a signature that is not hex', encodeToken(vector.rawMessage, 'sig'), 'signature verification failed'],
  ])('is refused with %s', (_what, authorization, reason) => {
    expect(() => parseSessionToken(authorization)).toThrow(reason)
  })

  test.each([
    [
      'for another provider',
      { provider: '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC' },
      'session token is for different provider',
    ],
    ['without an end', { expiresAt: 0 }, 'ephemeral token must have an expiration time'],
    ['for over a day', { timestamp: 0, expiresAt: 86_400_001 }, 'ephemeral token duration cannot exceed 24 hours'],
    ['expired', { timestamp: 1_749_999_000_000, expiresAt: 1_749_999_999_000 }, 'session token expired'],
  ])('is refused when it is %s', async (_what, members, reason) => {
    const { token } = await parse(members)

    expect(() => checkTokenTerms(token, terms)).toThrow(reason)
  })

  test('is good until the end of its last second, and for whatever case the provider is written in', async () => {
    const { token } = await parse({
      provider: provider.toLowerCase(),
      timestamp: 1_749_999_999_000,
      expiresAt: 1_750_000_000_000,
    })

    expect(() => checkTokenTerms(token, { ...terms, nowMs: 1_750_000_000_999 })).not.toThrow()
  })

  test.each([
    ['an older generation', { generation: 1 }, 'session token has been revoked (generation expired)'],
    ['a later generation', { generation: 3 }, 'invalid session token (future generation)'],
    ['a revoked id', { generation: 2, tokenId: 4 }, 'session token has been revoked'],
  ])('is refused with %s', async (_what, members, reason) => {
    const { token } = await parse(members)

    expect(() => checkTokenRevocation(token, { generation: 2n, revokedBitmap: 0b10000n })).toThrow(reason)
  })

  test('is not refused for bit 255, nor without an account', async () => {
    const { token } = await parse({ generation: 2 })

    expect(() => checkTokenRevocation(token, { generation: 2n, revokedBitmap: 2n ** 256n - 1n })).not.toThrow()
    expect(() => checkTokenRevocation(token, undefined)).not.toThrow()
  })

  test('is refused when another key has signed it', async () => {
    const stranger = privateKeyToAccount(generatePrivateKey())
    const authorization = await createAuthorization(stranger, provider, { address: user.address })

    await expect(checkTokenSignature(parseSessionToken(authorization))).rejects.toThrow(
      'signature verification failed: address mismatch',
    )
  })
})
