import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { getAnvilBinary } from './anvil-binary.ts'

describe('getAnvilBinary', () => {
  let folder: string
  let anvil: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'anvil-binary-'))
    anvil = join(folder, 'anvil')
    writeFileSync(anvil, '')
    chmodSync(anvil, 0o755)
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('prefers ANVIL_BIN', () => {
    expect(getAnvilBinary({ ANVIL_BIN: anvil })).toBe(anvil)
  })

  test('searches PATH on a platform without a package', () => {
    expect(getAnvilBinary({ PATH: `/nowhere:${folder}` }, 'plan9-mips')).toBe(anvil)
  })

  test('refuses an ANVIL_BIN that cannot be run', () => {
    expect(() => getAnvilBinary({ ANVIL_BIN: folder })).toThrow('ANVIL_BIN names')
  })

  test('names ANVIL_BIN when there is no anvil at all', () => {
    expect(() => getAnvilBinary({ PATH: '/nowhere' }, 'plan9-mips')).toThrow('set ANVIL_BIN')
  })
})
