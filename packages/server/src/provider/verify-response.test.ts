import { createHash } from 'node:crypto'
import { privateKeyToAccount } from 'viem/accounts'
import { describe, expect, test } from 'vitest'
import { createSignatureVerifier } from '../platform/signature/verifier.ts'
import { verifyResponse } from './verify-response.ts'

const verifier = await createSignatureVerifier()

const tee = privateKeyToAccount(`0x${'11'.repeat(32)}`)
const stranger = privateKeyToAccount(`0x${'22'.repeat(32)}`)
const requestHash = sha256('{"model":"m","messages":[{"role":"user","content":"hi"}]}')
const responseHash = sha256('{"id":"chatcmpl-1","choices":[]}')
const text = `${requestHash}:${responseHash}`

test('accepts the signature a 0G provider makes', async () => {
  const signature =
    '0x0c5ce2b4811146ca58e1846e7d0998dc60a429e5bab55a88d6d2cb261a04a54a6953f0a3148a688c68d7832ff8a6c8d52eacbf6e324369f9c6b86c06e8da9ab11b'

  const verdict = await verify({ signed: { text, signature } })

  expect(tee.address).toBe('0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A')
  expect(text).toBe(
    '798d46639491d6c18f1779ddfca7da4b672f23a4cb57d66eeae48d9b8ccb6075:d2116d26462bb15039ee4473113fe3f30bfc7d8bc2b159243b41e5c67e8933d2',
  )
  expect(verdict).toEqual({ verification: 'content', signedText: text, signature })
})

describe('a verdict', () => {
  test.each([
    ['content', 'the hashes', text],
    ['content', 'the hashes and the identity of a centralized provider', `${text}:centralized:acme:${'00'.repeat(32)}`],
    ['signer', 'some other text', 'hello'],
    ['signer', 'nothing', ''],
    ['signer', 'the hash of another request', `${sha256('x')}:${responseHash}`],
    ['signer', 'the hash of another response', `${requestHash}:${sha256('x')}`],
    ['signer', 'the hashes the wrong way round', `${responseHash}:${requestHash}`],
    ['signer', 'the hashes behind a prefix', `zg-sig-v1:${text}`],
  ])('is %s when the expected key signed %s', async (verification, _case, signedText) => {
    const signature = await tee.signMessage({ message: signedText })

    expect(await verify({ signed: { text: signedText, signature } })).toEqual({ verification, signedText, signature })
  })

  test('is none when another key signed', async () => {
    const signature = await stranger.signMessage({ message: text })

    expect(await verify({ signed: { text, signature } })).toMatchObject({ verification: 'none' })
  })

  test('is none when the signature belongs to another text', async () => {
    const signature = await tee.signMessage({ message: 'another' })

    expect(await verify({ signed: { text, signature } })).toMatchObject({ verification: 'none' })
  })

  test.each(['', '0x', 'nonsense', `0x${'00'.repeat(65)}`, `0x${'ff'.repeat(65)}`, `0x${'11'.repeat(64)}`])(
    'is none for the signature "%s"',
    async (signature) => {
      expect(await verify({ signed: { text, signature } })).toEqual({
        verification: 'none',
        signedText: text,
        signature,
      })
    },
  )

  test('is none when nothing was signed', async () => {
    expect(await verify({ signed: undefined })).toEqual({ verification: 'none', signedText: null, signature: null })
  })
})

function verify({ signed }: Pick<Parameters<typeof verifyResponse>[0], 'signed'>) {
  return verifyResponse({ verifier, signed, signer: tee.address, requestHash, responseHash })
}

function sha256(value: string): string {
  return createHash('sha256').update(value).digest('hex')
}
