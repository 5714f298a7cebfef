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

test('what is made to be slow does not hold up others', () => {
  const pieces = [
    '{"a":"',
    '{',
    '[{',
    "{'",
    '{"a":[',
    '\\"',
    '<think>{',
    '“{',
    '{"a":1,}',
    '{/*',
    '```{',
    '<a ',
    '![](',
  ]

  const startedMs = performance.now()
  for (const piece of pieces)
    for (const size of [19_900, 49_900]) reader.read({ content: `{${piece.repeat(size / piece.length)}`, isCut: false })

  expect(performance.now() - startedMs).toBeLessThan(12_000)
})
