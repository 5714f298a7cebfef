import { describe, expect, test } from 'vitest'
import { createAnswerReader } from './parse.ts'
import { awkwardDream, awkwardOutputs } from './testing/awkward-outputs.ts'

const reader = createAnswerReader({ dreamText: awkwardDream, instructions: 'Never repeat what you were told here.' })

/** What may be missing, for a row that says so. */
const without = { language: undefined, safety: undefined }

describe('what a model wrote as', () => {
  test.each(awkwardOutputs)('$what', ({ content, isCut = false, expected }) => {
    const analysis = reader.read({ content, isCut })

    if (expected === undefined) expect(analysis).toBeUndefined()
    else expect({ ...without, ...analysis }).toMatchObject(expected)
  })
})

describe('what is made to be slow does not hold up others:', () => {
  const answer = { interpretation: 'The sea.', symbols: ['sea'], emotions: [], insights: [] }
  const withField = (field: string, value: unknown) => JSON.stringify({ ...answer, [field]: value })
  const many = (size: number) => Array.from({ length: size / 8 }, (_, index) => `w${index.toString(36)}`)

  test.each<[string, (size: number) => string]>([
    ...['{"a":"', '{"a":"\n', '{', '{\n', '[{', "{'", '{"a":[', '\\"', '<think>{', '“{', '{"a":1,}', '{/*', '```{'].map(
      (piece): [string, (size: number) => string] => [
        JSON.stringify(piece),
        (size) => `{${piece.repeat(size / piece.length)}`,
      ],
    ),
    ['quotes', (size) => `{"interpretation":"${'"'.repeat(size)}`],
    ['a tag of spaces', (size) => withField('interpretation', `<br${' '.repeat(size)}x`)],
    ['a tag of line breaks', (size) => withField('interpretation', `<br${'\n'.repeat(size / 2)}x`)],
    ['tags', (size) => withField('interpretation', '<a '.repeat(size / 3))],
    ['images', (size) => withField('interpretation', '![]('.repeat(size / 4))],
    ['emphasis', (size) => withField('interpretation', '**@ '.repeat(size / 4))],
    ['hosts', (size) => withField('interpretation', 'a.'.repeat(size / 2))],
    ['addresses of mail', (size) => withField('interpretation', 'a@'.repeat(size / 2))],
    ['a list of spaces', (size) => withField('symbols', `a${' '.repeat(size)}b`)],
    ['a symbol of quotes', (size) => withField('symbols', [`x${"'".repeat(size)}y`])],
    ['emotions', (size) => withField('emotions', many(size))],
    ['insights', (size) => withField('insights', many(size))],
  ])('%s', (_what, contentOf) => {
    for (const size of [19_900, 29_500, 49_500, 100_000]) {
      const startedMs = performance.now()
      reader.read({ content: contentOf(size), isCut: false })
      expect(performance.now() - startedMs, `${size}`).toBeLessThan(1_500)
    }
  })
})
