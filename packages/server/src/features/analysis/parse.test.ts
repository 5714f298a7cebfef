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
