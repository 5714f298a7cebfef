import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { takeSnapshot } from '../../testing/snapshot.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import type { Overrides, TestUser } from '../../testing/test-user.ts'

let network: TestNetwork
let server: TestServer
beforeAll(async () => {
  network = await startTestNetwork()
  server = await startTestServer({ network })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await network.close()
})

const stranger = privateKeyToAccount(generatePrivateKey())
const groupOrder = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** The other valid encoding of the same signature, which a chain would refuse. */
function withHighS(signature: string): string {
  const s = groupOrder - BigInt(`0x${signature.slice(66, 130)}`)
  const v = signature.endsWith('1b') ? '1c' : '1b'
  return `${signature.slice(0, 66)}${s.toString(16).padStart(64, '0')}${v}`
}

function withWrongChecksum(address: string): string {
  const flipped = [...address.slice(2)].map((digit) =>
    digit === digit.toLowerCase() ? digit.toUpperCase() : digit.toLowerCase(),
  )
  return `0x${flipped.join('')}`
}

const refusals: [
  string,
  'signature-invalid' | 'signature-expired' | 'invalid-request',
  (user: TestUser) => Overrides,
][] = [
  ['another signer', 'signature-invalid', () => ({ signer: stranger })],
  ['the address of somebody else', 'signature-invalid', () => ({ fields: { address: stranger.address } })],
  [
    'another spelling of the address than the signed one',
    'signature-invalid',
    (user) => ({ fields: { address: user.address.toLowerCase() } }),
  ],
  [
    'another timestamp than the signed one',
    'signature-invalid',
    () => ({ fields: { timestamp: server.clock.now() + 5 } }),
  ],
  ['another text', 'signature-invalid', () => ({ message: 'Analyze dream' })],
  [
    'the text of another operation',
    'signature-invalid',
    (user) => ({ message: `Check balance for ${user.address} at ${server.clock.now() + 1}` }),
  ],
  ['a signature that is no hex', 'signature-invalid', () => ({ signature: 'signed' })],
  ['a short signature', 'signature-invalid', () => ({ signature: `0x${'11'.repeat(64)}` })],
  ['a signature of zeros', 'signature-invalid', () => ({ signature: `0x${'00'.repeat(65)}` })],
  ['an empty signature', 'invalid-request', () => ({ signature: '' })],
  ['a timestamp 1 ms older than 5 minutes', 'signature-expired', () => ({ timestamp: server.clock.now() - 300_000 })],
  [
    'a timestamp 1 ms more than a minute ahead',
    'signature-expired',
    () => ({ timestamp: server.clock.now() + 60_002 }),
  ],
  ['a timestamp in seconds', 'signature-expired', () => ({ timestamp: Math.floor(server.clock.now() / 1_000) })],
  ['a timestamp of 0', 'signature-expired', () => ({ timestamp: 0 })],
  ['a negative timestamp', 'invalid-request', () => ({ timestamp: -1 })],
  ['a timestamp with a fraction', 'invalid-request', () => ({ timestamp: server.clock.now() + 0.5 })],
  ['a timestamp beyond safe integers', 'invalid-request', () => ({ timestamp: 2 ** 53 })],
  ['a timestamp that is a string', 'invalid-request', () => ({ fields: { timestamp: String(server.clock.now()) } })],
  ['no timestamp', 'invalid-request', () => ({ fields: { timestamp: undefined } })],
  ['no signature', 'invalid-request', () => ({ fields: { signature: undefined } })],
  ['no address', 'invalid-request', () => ({ fields: { address: undefined } })],
  ['an address with a wrong checksum', 'invalid-request', (user) => ({ address: withWrongChecksum(user.address) })],
  ['an address that is too short', 'invalid-request', () => ({ address: '0x1234' })],
  ['an address without 0x', 'invalid-request', (user) => ({ address: user.address.slice(2) })],
]

describe('a signed POST', () => {
  test.each(refusals)('is refused with %s', async (_what, code, overridesOf) => {
    const user = await server.newUser({ deposit: '3' })
    const before = await takeSnapshot(server, user)

    const answer = await user.analyze(dream, undefined, overridesOf(user))

    expectProblem(answer, code)
    expect(await takeSnapshot(server, user)).toEqual(before)
    expect(await server.rows('signed_request', user)).toHaveLength(1)
  })

  test('is refused with the high-s twin of its signature', async () => {
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream)

    const answer = await server.post('/api/ai/analyze', { ...body, signature: withHighS(body.signature) })

    expectProblem(answer, 'signature-invalid')
  })

  test('tells the time of the server when the signature is too old', async () => {
    const user = await server.newUser()

    const answer = await user.init({ timestamp: server.clock.now() - 3_600_000 })

    expect(expectProblem(answer, 'signature-expired')).toMatchObject({ serverTime: server.clock.now() })
  })

  test.each([
    ['5 minutes old', -300_000],
    ['a minute ahead', 60_000],
  ])('is taken when it is exactly %s', async (_age, offsetMs) => {
    const user = await server.newUser()

    const answer = await user.init({ timestamp: server.clock.now() + 1 + offsetMs })

    expect(answer.status).toBe(200)
  })

  test('never repeats in a refusal what was sent', async () => {
    const user = await server.newUser()

    const answer = await user.analyze('a secret dream', { level: 'a secret level' })

    expectProblem(answer, 'invalid-request')
    expect(answer.text).not.toContain('secret')
  })
})

describe('a signed GET', () => {
  test.each([
    ['another signer', 'signature-invalid', () => ({ signer: stranger })],
    ['a high-s signature', 'signature-invalid', () => ({ signature: `0x${'11'.repeat(32)}${'ff'.repeat(32)}1b` })],
    ['the signature of an old timestamp', 'signature-expired', () => ({ timestamp: server.clock.now() - 300_000 })],
    ['a timestamp in seconds', 'signature-expired', () => ({ timestamp: Math.floor(server.clock.now() / 1_000) })],
    ['X-Timestamp 1e12', 'invalid-request', () => ({ headers: { 'x-timestamp': '1e12' } })],
    ['X-Timestamp +1', 'invalid-request', () => ({ headers: { 'x-timestamp': '+1' } })],
    ['X-Timestamp 0x1', 'invalid-request', () => ({ headers: { 'x-timestamp': '0x1' } })],
    ['X-Timestamp 1.0', 'invalid-request', () => ({ headers: { 'x-timestamp': '1.0' } })],
    ['X-Timestamp of words', 'invalid-request', () => ({ headers: { 'x-timestamp': 'Sun, 22 Nov 2026' } })],
    ['X-Timestamp of 17 digits', 'invalid-request', () => ({ headers: { 'x-timestamp': '1'.repeat(17) } })],
    [
      'X-Timestamp with a leading zero',
      'invalid-request',
      () => ({ headers: { 'x-timestamp': `0${server.clock.now()}` } }),
    ],
    ['an empty X-Timestamp', 'invalid-request', () => ({ headers: { 'x-timestamp': '' } })],
    ['two timestamps', 'invalid-request', () => ({ headers: { 'x-timestamp': '1, 2' } })],
    ['an empty X-Signature', 'invalid-request', () => ({ headers: { 'x-signature': '' } })],
    ['a wrong checksum', 'invalid-request', (user: TestUser) => ({ address: withWrongChecksum(user.address) })],
    ['an address that is none', 'invalid-request', () => ({ address: 'me' })],
  ] as [string, 'signature-invalid' | 'signature-expired' | 'invalid-request', (user: TestUser) => Overrides][])(
    'is refused with %s',
    async (_what, code, overridesOf) => {
      const user = await server.newUser()

      const answer = await user.balance(overridesOf(user))

      expectProblem(answer, code)
      expect(answer.body).not.toHaveProperty('balance')
    },
  )

  test('is refused without its headers', async () => {
    const user = await server.newUser()

    const answer = await server.get(`/api/broker/balance/${user.address}`)

    expectProblem(answer, 'invalid-request')
  })

  test.each(['lower case', 'checksummed'])('takes an address in %s', async (spelling) => {
    const user = await server.newUser()

    const answer = await user.balance({
      address: spelling === 'lower case' ? user.address.toLowerCase() : user.address,
    })

    expect(answer).toMatchObject({ status: 200, body: { brokerAddress: user.brokerAddress } })
  })
})
