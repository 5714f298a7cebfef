import { type Hex, keccak256, toBytes } from 'viem'
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import type { ChatRequest } from '../completion/request.ts'
import { readDream, reasonAndReadDream } from '../reader/dream-reader.ts'

/** One provider of the devnet: what it serves, for how much, with which keys. */
export type ProviderSpec = {
  model: string
  /** Neuron per token; registered on chain, and billed from there. */
  inputPrice: bigint
  outputPrice: bigint
  /** Whether it says that it can be held to a JSON Schema. */
  takesSchema: boolean
  wallet: PrivateKeyAccount
  teeSigner: PrivateKeyAccount
  answer(request: ChatRequest): string
}

/** The two providers every devnet has. */
export function createProviderSpecs(): ProviderSpec[] {
  return [
    {
      model: 'llama-3.3-70b-instruct',
      inputPrice: 100_000_000_000n,
      outputPrice: 490_000_000_000n,
      takesSchema: true,
      ...createKeys('llama'),
      answer: readDream,
    },
    {
      model: 'deepseek-r1-70b',
      inputPrice: 300_000_000_000n,
      outputPrice: 1_000_000_000_000n,
      takesSchema: false,
      ...createKeys('deepseek'),
      answer: reasonAndReadDream,
    },
  ]
}

// NOTE: everybody can know these keys. They exist so that a devnet's addresses are always the same.
function createKeys(name: string) {
  return {
    wallet: privateKeyToAccount(devnetKey(`${name} provider wallet`)),
    teeSigner: privateKeyToAccount(devnetKey(`${name} tee signer`)),
  }
}

export function devnetKey(label: string): Hex {
  return keccak256(toBytes(`dreamscape devnet: ${label}`))
}
