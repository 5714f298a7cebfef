import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { privateKeyToAccount } from 'viem/accounts'
import { describe, expect, test } from 'vitest'
import { StartupError } from '../errors.ts'
import { personalMessageDigest } from './personal-message.ts'
import { type Tier, tiers } from './tiers.ts'
import { createSignatureVerifier, type SignatureVerifier } from './verifier.ts'

const groupOrder = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const account = privateKeyToAccount(`0x${'5eed'.repeat(16)}`)
const message = 'Fund 4.0 OG for 🌙 at 1767225600000'
const signature = await account.signMessage({ message })
const r = signature.slice(2, 66)
const s = signature.slice(66, 130)
const isOdd = signature.endsWith('1c')
const word = (value: bigint) => value.toString(16).padStart(64, '0')
const signed = { address: account.address, message, signature }

const accepted: [string, object][] = [
  ['v of 27 or 28', {}],
  ['v of 0 or 1', { signature: `0x${r}${s}0${isOdd ? 1 : 0}` }],
  ['upper-case hex digits', { signature: `0x${signature.slice(2).toUpperCase()}` }],
  ['a lower-case address', { address: account.address.toLowerCase() }],
]

const highS = word(groupOrder - BigInt(`0x${s}`))
const compactS = word(BigInt(`0x${s}`) | (isOdd ? 1n << 255n : 0n))
const rejected: [string, object][] = [
  ['the high-s twin', { signature: `0x${r}${highS}${isOdd ? '1b' : '1c'}` }],
  ['the other v', { signature: `0x${r}${s}${isOdd ? '1b' : '1c'}` }],
  ['v of 29', { signature: `0x${r}${s}1d` }],
  ['v of 2', { signature: `0x${r}${s}02` }],
  ['64 bytes (EIP-2098)', { signature: `0x${r}${compactS}` }],
  ['66 bytes', { signature: `${signature}00` }],
  ['a final line feed', { signature: `${signature}\n` }],
  ['r = 0', { signature: `0x${word(0n)}${s}1b` }],
  ['s = 0', { signature: `0x${r}${word(0n)}1b` }],
  ['r = n', { signature: `0x${word(groupOrder)}${s}1b` }],
  ['r that no point has', { signature: `0x${word(5n)}${s}1b` }],
  ['s = n', { signature: `0x${r}${word(groupOrder)}1b` }],
  ['no 0x', { signature: signature.slice(2) }],
  ['0X', { signature: `0X${signature.slice(2)}` }],
  ['digits that are not hex', { signature: `0x${'zz'.repeat(65)}` }],
  ['an empty signature', { signature: '' }],
  ['a huge signature', { signature: `0x${'00'.repeat(1_000_000)}` }],
  ['another message', { message: `${message} ` }],
  ['another address', { address: '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC' }],
  ['an empty address', { address: '' }],
  ['a huge message', { message: 'x'.repeat(10_000_000) }],
  ['a signature that is not a string', { signature: 27 }],
  ['a signature that is an array', { signature: [signature] }],
  ['a message that is not a string', { message: null, signature: await account.signMessage({ message: 'null' }) }],
  ['an address that is not a string', { address: { toLowerCase: () => account.address.toLowerCase() } }],
  ['nothing', { address: undefined, message: undefined, signature: undefined }],
]

describe.each(tiers)('the $name tier', (tier) => {
  test.each(accepted)('accepts %s', async (_, change) => {
    const { verify } = await verifierOf(tier)

    const verified = verify({ ...signed, ...change })

    expect(verified?.digest).toBe(personalMessageDigest(message))
    expect(Buffer.from(verified?.signatureKey ?? []).toString('hex')).toBe(r + s)
  })

  test.each(rejected)('rejects %s', async (_, change) => {
    const { verify } = await verifierOf(tier)

    expect(verify({ ...signed, ...change })).toBeUndefined()
  })

  test('rejects half a surrogate pair, although it encodes to the bytes that were signed', async () => {
    const { verify } = await verifierOf(tier)
    const replaced = await account.signMessage({ message: 'Dream \ufffd' })

    expect(verify({ ...signed, message: 'Dream \ufffd', signature: replaced })).toBeDefined()
    expect(verify({ ...signed, message: 'Dream \ud83c', signature: replaced })).toBeUndefined()
    expect(verify({ ...signed, message: 'Dream \udf19', signature: replaced })).toBeUndefined()
  })

  test('rejects a call that is not there', async () => {
    const { verify } = await verifierOf(tier)

    expect(verify(Object(undefined))).toBeUndefined()
    expect(Reflect.apply(verify, undefined, [])).toBeUndefined()
  })

  test('agrees with the wallet on many keys', async () => {
    const { verify } = await verifierOf(tier)

    for (let index = 1; index <= 20; index++) {
      const wallet = privateKeyToAccount(`0x${word(BigInt(index))}`)
      const text = `Analyze dream for ${wallet.address} at ${index}`
      const call = { address: wallet.address, message: text, signature: await wallet.signMessage({ message: text }) }
      expect(verify(call)).toBeDefined()
      expect(verify({ ...call, address: account.address })).toBeUndefined()
    }
  })
})

describe('createSignatureVerifier', () => {
  const absent: Tier = { name: 'native', load: () => Promise.reject(new Error('no prebuilt binary')) }
  const wrong: Tier = { name: 'native', load: async () => () => new Uint8Array(65) }

  test('takes the native library where it is present', async () => {
    expect((await createSignatureVerifier()).tier).toBe('native')
  })

  test.each([
    ['is absent', absent],
    ['fails its self-test', wrong],
  ])('goes on to the next tier when one %s', async (_, broken) => {
    const verifier = await createSignatureVerifier([broken, ...tiers.slice(1)])

    expect(verifier.tier).toBe('wasm')
  })

  test('refuses to start without any', async () => {
    await expect(createSignatureVerifier([absent, wrong])).rejects.toThrow(StartupError)
  })

  test('never loads the JavaScript fallback of the native library', async () => {
    const loaded = await listLoadedFiles()

    expect(loaded.some((file) => file.includes('/secp256k1/bindings.js'))).toBe(true)
    expect(loaded.filter((file) => file.includes('elliptic'))).toEqual([])
  })
})

/** What a process of its own, in which nothing but a verifier is created, loads by `require`. */
async function listLoadedFiles(): Promise<string[]> {
  const script = fileURLToPath(new URL('./testing/verifier-child.ts', import.meta.url))
  const args = ['--conditions=@dreamscape/source', '--import', 'tsx', script]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout)
}

function verifierOf(tier: Tier): Promise<SignatureVerifier> {
  return createSignatureVerifier([tier])
}
