import { z } from 'zod'
import { parseJson } from '../../provider/parse-json.ts'

/**
 * What a model is asked for. The chat body has its keys sorted, and models write in the order of the schema, so all but the
 * interpretation stands in `rest`, which comes after it: the interpretation can be streamed first.
 */
const askedShape = z.strictObject({
  interpretation: z.string(),
  rest: z.strictObject({
    emotions: z.array(z.string()),
    insights: z.array(z.string()),
    language: z.string(),
    reflectionQuestions: z.array(z.string()),
    symbols: z.array(z.string()),
    themes: z.array(z.string()),
  }),
})

const { $schema: _, ...schema } = z.toJSONSchema(askedShape)

/** For providers that hold a model to a JSON Schema. */
export const answerSchema = { name: 'dream_analysis', schema }

/** The same for reading. */
export const answerExample =
  '{"interpretation": "…", "rest": {"emotions": ["…"], "insights": ["…"], "language": "…", "reflectionQuestions": ["…"], "symbols": ["…"], "themes": ["…"]}}'

/** The fields of an answer as a model may spell them, nested or flat, before anything is believed. */
export type RawAnswer = {
  interpretation: string
  symbols: string[] | undefined
  emotions: string[] | undefined
  insights: string[] | undefined
  themes: string[] | undefined
  reflectionQuestions: string[] | undefined
  language: string | undefined
}

/** Wrappers around the answer that are opened: `{"analysis": …}`, `[…]`, JSON in a text. */
const maxDepth = 4

/** The first answer in a JSON value, whatever it is wrapped in; undefined when there is none. */
export function findAnswer(value: unknown, depth = 0): RawAnswer | undefined {
  if (depth > maxDepth) return undefined
  if (typeof value === 'string') {
    return /^\s*[[{"]/.test(value) ? findAnswer(parseJson(value), depth + 1) : undefined
  }
  if (Array.isArray(value)) return firstAnswer(value, depth)
  if (!isRecord(value)) return undefined
  return toAnswer(value) ?? firstAnswer(Object.values(value), depth)
}

function firstAnswer(values: unknown[], depth: number): RawAnswer | undefined {
  for (const value of values.slice(0, 20)) {
    const found = findAnswer(value, depth + 1)
    if (found) return found
  }
  return undefined
}

function toAnswer(record: Record<string, unknown>): RawAnswer | undefined {
  const top = withPlainKeys(record)
  const fields = isRecord(top.rest) ? { ...top, ...withPlainKeys(top.rest) } : top
  const interpretation = toProse(top.interpretation)
  if (interpretation === undefined) return undefined
  const answer = {
    interpretation,
    symbols: toList(fields.symbols, commas),
    emotions: toList(fields.emotions, commas),
    insights: toList(fields.insights, lines),
    themes: toList(fields.themes, commas),
    reflectionQuestions: toList(fields.reflectionquestions, lines),
    language: typeof fields.language === 'string' ? fields.language : undefined,
  }
  const isBare = !answer.symbols && !answer.emotions && !answer.insights
  return isBare ? undefined : answer
}

/** "Reflection_Questions" and "reflectionQuestions" are one key. */
function withPlainKeys(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [key.toLowerCase().replace(/[^a-z]/g, ''), value]),
  )
}

/** Some models make a list of the paragraphs. */
function toProse(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) return undefined
  return value.join('\n\n')
}

const commas = /[,;、，\n]/
const lines = /\n/

/** Many times what is passed on: beyond it, nothing is looked at. */
const maxItems = 50
const maxItemLength = 1_000

function toList(value: unknown, separator: RegExp): string[] | undefined {
  return toItems(value, separator)
    ?.slice(0, maxItems)
    .map((item) => item.slice(0, maxItemLength).trim())
}

/** Some models explain each item, or write the list as one text. */
function toItems(value: unknown, separator: RegExp): string[] | undefined {
  if (typeof value === 'string') return value.trim() === '' ? [] : value.split(separator)
  if (value === null) return []
  if (!Array.isArray(value)) return undefined
  return value.flatMap((item) => {
    if (typeof item === 'string') return [item]
    if (!isRecord(item)) return []
    const name = Object.values(item).find((member) => typeof member === 'string')
    return typeof name === 'string' ? [name] : []
  })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
