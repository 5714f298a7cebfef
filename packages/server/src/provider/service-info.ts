import { getAddress, isAddress } from 'viem'
import { z } from 'zod'
import type { Hex } from '../platform/hex.ts'
import { parseJson } from './parse-json.ts'

/** What a service says about itself on chain, in `additionalInfo`. Written by strangers: a bad field counts as absent. */
const additionalInfo = z
  .object({
    TargetSeparated: z.boolean().optional().catch(undefined),
    TargetTeeAddress: z
      .string()
      .refine((text) => isAddress(text, { strict: false }))
      .transform((text) => getAddress(text))
      .optional()
      .catch(undefined),
    ProviderType: z.enum(['decentralized', 'centralized']).optional().catch(undefined),
  })
  .catch({})

export type AdditionalInfo = z.infer<typeof additionalInfo>

/** Reads the `additionalInfo` text of a service; never throws. */
export function parseAdditionalInfo(text: string): AdditionalInfo {
  return additionalInfo.parse(parseJson(text))
}

/** Whose signature an answer must carry: a separate LLM TEE of a decentralized provider signs itself, else the broker's TEE does. */
export function expectedSigner(service: { additionalInfo: string; teeSignerAddress: Hex }): Hex {
  const { TargetSeparated, TargetTeeAddress, ProviderType } = parseAdditionalInfo(service.additionalInfo)
  const isSignedByTarget = TargetSeparated === true && ProviderType !== 'centralized'
  return isSignedByTarget && TargetTeeAddress ? TargetTeeAddress : service.teeSignerAddress
}
