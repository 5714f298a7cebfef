import { expect, test } from 'vitest'
import { expectedSigner, parseAdditionalInfo } from './service-info.ts'

const teeSignerAddress = '0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A'
const target = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'

test.each([
  ['broker', '{"TargetSeparated":false,"ProviderType":"decentralized"}', teeSignerAddress],
  ['target', `{"TargetSeparated":true,"TargetTeeAddress":"${target}","ProviderType":"decentralized"}`, target],
  ['target', `{"TargetSeparated":true,"TargetTeeAddress":"${target.toLowerCase()}"}`, target],
  ['broker', `{"TargetSeparated":true,"TargetTeeAddress":"${target}","ProviderType":"centralized"}`, teeSignerAddress],
  ['broker', `{"TargetSeparated":false,"TargetTeeAddress":"${target}"}`, teeSignerAddress],
  ['broker', `{"TargetSeparated":"true","TargetTeeAddress":"${target}"}`, teeSignerAddress],
  ['broker', '{"TargetSeparated":true,"TargetTeeAddress":"0x12"}', teeSignerAddress],
  ['broker', '{"TargetSeparated":true}', teeSignerAddress],
  ['broker', '[]', teeSignerAddress],
  ['broker', 'not JSON', teeSignerAddress],
  ['broker', '', teeSignerAddress],
])('expects the signature of the %s for %s', (_who, additionalInfo, signer) => {
  expect(expectedSigner({ additionalInfo, teeSignerAddress })).toBe(signer)
})

test('keeps the good fields beside bad and unknown ones', () => {
  const text = '{"TargetSeparated":true,"ProviderType":"other","TEEVerifier":"dstack"}'

  expect(parseAdditionalInfo(text)).toMatchObject({ TargetSeparated: true, ProviderType: undefined })
})
