import { privateKeyToAccount } from 'viem/accounts'
import { describe, expect, test } from 'vitest'
import { createSignatureStore, sha256Hex, signatureText, signText } from './response-signature.ts'

const teeSigner = privateKeyToAccount(`0x${'11'.repeat(32)}`)
const text =
  '798d46639491d6c18f1779ddfca7da4b672f23a4cb57d66eeae48d9b8ccb6075:d2116d26462bb15039ee4473113fe3f30bfc7d8bc2b159243b41e5c67e8933d2'

test('a response is signed as ethers signs it', async () => {
  const request = Buffer.from('{"model":"m","messages":[{"role":"user","content":"hi"}]}')
  const response = Buffer.from('{"id":"chatcmpl-1","choices":[]}')

  expect(signatureText(sha256Hex(request), sha256Hex(response))).toBe(text)
  expect(await signText(teeSigner, text)).toEqual({
    text,
    signature:
      '0x0c5ce2b4811146ca58e1846e7d0998dc60a429e5bab55a88d6d2cb261a04a54a6953f0a3148a688c68d7832ff8a6c8d52eacbf6e324369f9c6b86c06e8da9ab11b',
    signing_address: '0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A',
    signing_algo: 'ecdsa',
  })
})

describe('the signature store', () => {
  const minute = 60_000

  test('keeps a signature for 20 minutes', async () => {
    const store = createSignatureStore()
    const value = await signText(teeSigner, text)

    store.put('chat', { value }, 0)

    expect(store.find('chat', 20 * minute - 1)).toEqual(value)
    expect(store.find('chat', 20 * minute)).toBeUndefined()
  })

  test('finds an id whatever its case', async () => {
    const store = createSignatureStore()
    const value = await signText(teeSigner, text)

    store.put('aBc', { value })

    expect(store.find('AbC')).toEqual(value)
    expect(store.find('other')).toBeUndefined()
  })
})
