import { verification } from '@dreamscape/protocol/analysis'
import { z } from 'zod'
import { StartupError } from '../platform/errors.ts'
import { Secret } from '../platform/secret.ts'

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item.length > 0),
)
const flag = z.enum(['true', 'false']).transform((text) => text === 'true')
const port = z.coerce.number().int().min(0).max(65_535)
const neuronPrice = z.string().regex(/^\d+$/, 'must be a whole number of neuron per token').transform(BigInt)
const gasPrice = z.string().regex(/^\d+$/, 'must be a whole number of neuron per gas').transform(BigInt)
const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'must be an address')
const brokerSecret = z
  .string()
  .regex(/^(0x)?[0-9a-fA-F]{64}$/, 'must be 32 bytes in hex: make one with `openssl rand -hex 32` and keep it safe')
  .transform((hex) => new Secret(hex.replace(/^0x/, '')))

/** Every setting there is, with its effect; `.env.example` holds the same list, `npm run settings` writes docs/settings.md from it. */
export const settingsSchema = z.object({
  PORT: port.default(3001).describe('The API listens on this port, on all interfaces; 0 takes a free one.'),
  COMPUTE_RPC_URL: z.url({ protocol: /^https?$/ }).describe('JSON-RPC of the chain that holds the 0G contracts.'),
  PUBLIC_RPC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      "The RPC that wallets are told to use; by default the network's public one, so that a key in COMPUTE_RPC_URL stays ours.",
    ),
  CHAIN_ID: z.coerce
    .number()
    .int()
    .positive()
    .describe('The chain COMPUTE_RPC_URL must be on; every key is derived for it.'),
  CORS_ORIGINS: list
    .default([])
    .describe(
      'Browser origins that may call the API, comma-separated; `*` for any. Not set: no page of another origin may.',
    ),
  DEFAULT_MODEL: z
    .string()
    .min(1)
    .default('llama-3.3-70b-instruct')
    .describe('The model behind `llama` and behind a request that names none.'),
  ENABLE_DEEPSEEK: flag.default(true).describe('Whether the alias `deepseek` exists.'),
  BROKER_SECRET: brokerSecret.describe(
    '32 bytes, hex. Every broker account is derived from it: losing it loses every account.',
  ),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .optional()
    .describe('Postgres. Either this or DATA_DIR must be set; this one wins.'),
  DATA_DIR: z
    .string()
    .min(1)
    .optional()
    .describe('Folder of an embedded database, which one process at a time may open.'),
  PROVIDER_ALLOWLIST: list
    .pipe(z.array(address))
    .default([])
    .describe(
      'Provider addresses that may be used, comma-separated; by default any that the owner of the network acknowledged.',
    ),
  MAX_PRICE_INPUT: neuronPrice
    .default(10n ** 13n)
    .describe('Dearest input token accepted, in neuron: a dearer service is not offered.'),
  MAX_PRICE_OUTPUT: neuronPrice.default(10n ** 14n).describe('Dearest output token accepted, in neuron.'),
  CONFIRMATIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('Blocks a transaction must be deep before it counts; by default 4, and 1 on chain 31337.'),
  MAX_GAS_PRICE: gasPrice
    .default(10n ** 12n)
    .describe('The most that is ever paid for gas, in neuron: while the node asks for more, nothing is signed.'),
  ALLOW_LOOPBACK_PROVIDERS: flag
    .default(false)
    .describe('Whether providers may live on this machine, without TLS; only for a local network.'),
  LEDGER_CONTRACT: address.optional().describe('LedgerManager, where it is not the one known for CHAIN_ID.'),
  INFERENCE_CONTRACT: address.optional().describe('InferenceServing, where it is not the one known for CHAIN_ID.'),
  ANALYSIS_DEADLINE_SECONDS: z.coerce
    .number()
    .int()
    .min(5)
    .max(600)
    .default(120)
    .describe('The longest an analysis may take, from request to answer, 5 to 600.'),
  REQUIRE_VERIFICATION: verification
    .default('none')
    .describe(
      'The least verification an answer needs to be released: content, signer or none. It is charged either way.',
    ),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('How much is logged: debug, info, warn, error or silent.'),
})

export type Settings = z.infer<typeof settingsSchema>

export const developmentSchema = settingsSchema.pick({ PORT: true, DATA_DIR: true }).extend({
  DEVNET_RPC_PORT: port
    .default(8545)
    .describe('The local chain listens on this port, so that a wallet can be pointed at it; 0 takes a free one.'),
  DEVNET_LLM_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Base URL of an OpenAI-compatible server that takes the place of the built-in dream reader.'),
  DEVNET_LLM_API_KEY: z
    .string()
    .transform((key) => new Secret(key))
    .optional()
    .describe('The API key of DEVNET_LLM_URL.'),
  DEVNET_LLM_MODEL: z
    .string()
    .optional()
    .describe('The model to ask DEVNET_LLM_URL for; by default the one that a provider serves.'),
  BROKER_SECRET: brokerSecret.optional(),
})

export type DevelopmentSettings = z.infer<typeof developmentSchema>

export const testSchema = z.object({
  TEST_DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .default('postgres://postgres@127.0.0.1:5432/postgres')
    .describe('Tests make their databases here, on a Postgres server where this user may create some.'),
  CI: z
    .string()
    .default('')
    .transform((text) => text === 'true')
    .describe('`true` fails the tests where Postgres, Redis or Chromium is missing, instead of skipping some.'),
})

export const settingNames = [
  ...new Set([...Object.keys(settingsSchema.shape), ...Object.keys(developmentSchema.shape)]),
]

/** Reads all settings from the environment; `overrides` win. Throws `StartupError` naming every fault at once. */
export function readSettings(overrides: Record<string, string | undefined> = {}): Settings {
  return parse(settingsSchema, overrides, (given) =>
    given.DATABASE_URL || given.DATA_DIR
      ? []
      : ['DATABASE_URL or DATA_DIR: set one of them, Postgres or a folder for the embedded database'],
  )
}

/** Reads the few settings that `npm run dev` honours; it makes the others itself. */
export function readDevelopmentSettings(overrides: Record<string, string | undefined> = {}): DevelopmentSettings {
  return parse(developmentSchema, overrides, () => [])
}

/** Reads what the tests themselves need. */
export function readTestSettings(): z.infer<typeof testSchema> {
  return parse(testSchema, {}, () => [])
}

type Given = Record<string, string | undefined>

function parse<T>(schema: z.ZodType<T>, overrides: Given, furtherFaults: (given: Given) => string[]): T {
  const given: Given = Object.fromEntries(Object.entries({ ...process.env, ...overrides }).filter(([, value]) => value))
  const parsed = schema.safeParse(given)
  const faults = (parsed.error?.issues ?? []).map(({ path, message }) => {
    const name = path.join('.')
    return `${name}: ${given[name] === undefined ? 'is not set' : message}`
  })
  faults.push(...furtherFaults(given))
  if (parsed.success && faults.length === 0) return parsed.data
  throw new StartupError(`Settings are not usable:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
}
