import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { findUrging } from './screen.ts'

type Line = { text: string; language: string; urges: boolean }

const lines = readFileSync(new URL('./outputs.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Line)
const urging = lines.filter(({ urges }) => urges)
const ordinary = lines.filter(({ urges }) => !urges)

test('at least 90 % of the lines that urge a dreamer to die are found', () => {
  const missed = urging.filter(({ text }) => !findUrging(text))

  expect(missed.length, missed.map(({ text }) => text).join('\n')).toBeLessThanOrEqual(urging.length * 0.1)
})

test('at most 2 % of the ordinary lines of an analysis are replaced', () => {
  const replaced = ordinary.filter(({ text }) => findUrging(text))

  expect(replaced.length, replaced.map(({ text }) => text).join('\n')).toBeLessThanOrEqual(ordinary.length * 0.02)
})
