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
const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'must be an address')
const brokerSecret = z
  .string()
  .regex(/^(0x)?[0-9a-fA-F]{64}$/, 'must be 32 bytes in hex: make one with `openssl rand -hex 32` and keep it safe')
  .transform((hex) => new Secret(hex.replace(/^0x/, '')))

/** Every setting there is, with its effect; `.env.example` holds the same list. */
const settingsSchema = z.object({
  /** The API listens here. */
  PORT: port.default(3001),
  /** JSON-RPC of the chain that holds the 0G contracts. */
  COMPUTE_RPC_URL: z.url({ protocol: /^https?$/ }),
  /** The RPC that wallets are told to use; by default the network's public one, so that a key in COMPUTE_RPC_URL stays ours. */
  PUBLIC_RPC_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** The chain COMPUTE_RPC_URL must be on; every key is derived for it. */
  CHAIN_ID: z.coerce.number().int().positive(),
  /** Browser origins that may call the API, comma-separated; `*` for any. */
  CORS_ORIGINS: list.default([]),
  /** The model behind `llama` and behind a request that names none. */
  DEFAULT_MODEL: z.string().min(1).default('llama-3.3-70b-instruct'),
  /** Whether the alias `deepseek` exists. */
  ENABLE_DEEPSEEK: flag.default(true),
  /** 32 bytes, hex. Every broker account is derived from it: losing it loses every account. */
  BROKER_SECRET: brokerSecret,
  /** Postgres; without it, an embedded database lives in DATA_DIR. */
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  /** Folder of the embedded database. */
  DATA_DIR: z.string().min(1).optional(),
  /** Provider addresses that may be used, comma-separated; empty means any that the owner acknowledged. */
  PROVIDER_ALLOWLIST: list.pipe(z.array(address)).default([]),
  /** Dearest input token accepted, in neuron. */
  MAX_PRICE_INPUT: neuronPrice.default(10n ** 13n),
  /** Dearest output token accepted, in neuron. */
  MAX_PRICE_OUTPUT: neuronPrice.default(10n ** 14n),
  /** Blocks a transaction must be deep before it counts. */
  CONFIRMATIONS: z.coerce.number().int().min(1).max(100).optional(),
  /** Whether providers may live on this machine, without TLS; only for a local network. */
  ALLOW_LOOPBACK_PROVIDERS: flag.default(false),
  /** LedgerManager, where it is not the one known for CHAIN_ID. */
  LEDGER_CONTRACT: address.optional(),
  /** InferenceServing, where it is not the one known for CHAIN_ID. */
  INFERENCE_CONTRACT: address.optional(),
  /** The longest an analysis may take, from request to answer. */
  ANALYSIS_DEADLINE_SECONDS: z.coerce.number().int().min(5).max(600).default(120),
  /** The least verification an answer needs to be released: content, signer or none. It is charged either way. */
  REQUIRE_VERIFICATION: verification.default('none'),
  /** How much is logged: debug, info, warn, error or silent. */
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
})

export type Settings = z.infer<typeof settingsSchema>

const developmentSchema = settingsSchema.pick({ PORT: true, DATA_DIR: true }).extend({
  /** The embedded chain listens here under `npm run dev`, so that a wallet can be pointed at it. */
  DEVNET_RPC_PORT: port.default(8545),
  /** Base URL of an OpenAI-compatible server that takes the place of the built-in dream reader. */
  DEVNET_LLM_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Its API key. */
  DEVNET_LLM_API_KEY: z
    .string()
    .transform((key) => new Secret(key))
    .optional(),
  /** The model to ask it for; the provider's own name by default. */
  DEVNET_LLM_MODEL: z.string().optional(),
  BROKER_SECRET: brokerSecret.optional(),
})

export type DevelopmentSettings = z.infer<typeof developmentSchema>

const testSchema = z.object({
  /** Tests make their databases here, on a Postgres server where this user may create some. */
  TEST_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).default('postgres://postgres@127.0.0.1:5432/postgres'),
  /** Whether a test may not be skipped for want of a server. */
  CI: z
    .string()
    .default('')
    .transform((text) => text === 'true'),
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
