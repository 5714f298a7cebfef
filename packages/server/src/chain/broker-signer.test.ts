import { privateKeyToAddress } from 'viem/accounts'
import { expect, test } from 'vitest'
import { Secret } from '../platform/secret.ts'
import { deriveBrokerKey } from './broker-signer.ts'

const secret = new Secret('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f')

test('derives the broker address of the published vector, whatever the spelling of the user address', () => {
  const key = deriveBrokerKey(secret, 31337, '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC')

  expect(privateKeyToAddress(key)).toBe('0xF8cfF1998d7199569c92215c81C0449FC01B36CC')
  expect(deriveBrokerKey(secret, 31337, '0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc')).toBe(key)
})

test('gives another account on another chain', () => {
  const user = '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC'

  expect(deriveBrokerKey(secret, 16661, user)).not.toBe(deriveBrokerKey(secret, 31337, user))
})
