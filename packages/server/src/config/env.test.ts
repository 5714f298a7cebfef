import { readFileSync } from 'node:fs'
import { inspect, parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { readDevelopmentSettings, readSettings, settingNames } from './env.ts'

const exampleText = readFileSync(new URL('../../../../.env.example', import.meta.url), 'utf8')
const example = parseEnv(exampleText)

/** What has no default. */
const required = {
  COMPUTE_RPC_URL: 'http://127.0.0.1:8545',
  CHAIN_ID: '31337',
  BROKER_SECRET: '11'.repeat(32),
  DATA_DIR: '.data',
}

/** The environment of the machine that runs the tests must not matter. */
const nothing = Object.fromEntries(settingNames.map((name) => [name, undefined]))

describe('.env.example', () => {
  test('names every setting once, and none that does not exist', () => {
    const names = exampleText.match(/^[A-Z_]+(?==)/gm)

    expect(names?.toSorted()).toEqual(settingNames.toSorted())
  })

  test('keeps what is not built yet commented out', () => {
    const laterText = exampleText.slice(exampleText.indexOf('# --- later'))
    const later: string[] = laterText.match(/(?<=^# )[A-Z_]+(?==)/gm) ?? []

    expect(later).not.toHaveLength(0)
    expect(settingNames.filter((name) => later.includes(name))).toEqual([])
  })

  test('shows the default of every setting that has one', () => {
    const shown = readSettings({ ...nothing, ...example, ...required })

    expect(shown).toEqual(readSettings({ ...nothing, ...required }))
    for (const [name, value] of Object.entries(shown)) {
      const isShown = name in required || example[name] !== '' || (Array.isArray(value) && value.length === 0)
      expect(isShown, `${name} has a default that the example does not show`).toBe(true)
    }
  })

  test('shows the defaults of npm run dev', () => {
    const defaults = readDevelopmentSettings(nothing)

    expect(readDevelopmentSettings({ ...nothing, ...example })).toEqual(defaults)
    expect(example).toMatchObject({ DEVNET_RPC_PORT: String(defaults.DEVNET_RPC_PORT) })
  })
})

describe('readSettings', () => {
  test('names everything that is missing at once', () => {
    const faults = messageOf(() => readSettings(nothing))

    for (const name of ['COMPUTE_RPC_URL', 'CHAIN_ID', 'BROKER_SECRET']) expect(faults).toContain(`${name}: is not set`)
    expect(faults).toContain('DATABASE_URL or DATA_DIR: ')
  })

  test('takes an empty value for one that is not set', () => {
    expect(() => readSettings({ ...nothing, ...required, CHAIN_ID: '' })).toThrow('CHAIN_ID: is not set')
    expect(readSettings({ ...nothing, ...required, PORT: '' }).PORT).toBe(3001)
  })

  test('never repeats a value that may be a secret', () => {
    const faults = messageOf(() =>
      readSettings({
        ...nothing,
        ...required,
        BROKER_SECRET: 'not-hex-s3cret',
        DATABASE_URL: 'mysql://u:s3cret@host/db',
      }),
    )

    expect(faults).toContain('BROKER_SECRET: must be 32 bytes in hex')
    expect(faults).toContain('DATABASE_URL: ')
    expect(faults).not.toContain('s3cret')
  })

  test('gives a secret that prints as nothing', () => {
    const { BROKER_SECRET: secret } = readSettings({ ...nothing, ...required })

    expect(`${secret} ${JSON.stringify(secret)} ${inspect(secret)}`).not.toContain('11')
    expect(secret.reveal()).toBe(required.BROKER_SECRET)
  })

  test('takes a secret with 0x for the same one', () => {
    const settings = readSettings({ ...nothing, ...required, BROKER_SECRET: `0x${required.BROKER_SECRET}` })

    expect(settings.BROKER_SECRET.reveal()).toBe(required.BROKER_SECRET)
  })

  test.each([
    ['PORT', '65536'],
    ['CHAIN_ID', '0'],
    ['CONFIRMATIONS', '0'],
    ['ENABLE_DEEPSEEK', 'yes'],
    ['MAX_PRICE_INPUT', '1.5'],
    ['PROVIDER_ALLOWLIST', '0x12'],
    ['LEDGER_CONTRACT', '0x12'],
    ['REQUIRE_VERIFICATION', 'some'],
    ['ANALYSIS_DEADLINE_SECONDS', '4'],
    ['LOG_LEVEL', 'loud'],
  ])('refuses %s=%s by name', (name, value) => {
    expect(() => readSettings({ ...nothing, ...required, [name]: value })).toThrow(name)
  })
})

function messageOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  throw new Error('Nothing was thrown')
}
