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
    symbols: toList(fields.symbols, terms),
    emotions: toList(fields.emotions, terms),
    insights: toList(fields.insights, sentences),
    themes: toList(fields.themes, terms),
    reflectionQuestions: toList(fields.reflectionquestions, sentences),
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

/** How a list may be written as one text, and what of a record are its items. */
type ListKind = { separator: RegExp; itemsOf: (record: Record<string, unknown>) => unknown[] }

const terms: ListKind = { separator: /[,;、，\n]/, itemsOf: Object.keys }
const sentences: ListKind = { separator: /\n/, itemsOf: Object.values }

/** Many times what is passed on: beyond it, nothing is looked at. */
const maxItems = 50
const maxItemLength = 1_000

/** Some models explain each item, or write the list as one text or as a record. */
function toList(value: unknown, { separator, itemsOf }: ListKind): string[] | undefined {
  if (value === null) return []
  const items = typeof value === 'string' ? value.split(separator) : isRecord(value) ? itemsOf(value) : value
  if (!Array.isArray(items)) return undefined
  return items
    .slice(0, maxItems)
    .map((item) => toItem(item).slice(0, maxItemLength).trim())
    .filter((item) => item !== '')
}

/** Where an item that is explained stands, best first. */
const itemKeys = ['name', 'symbol', 'emotion', 'theme', 'insight', 'question', 'text', 'title']

function toItem(item: unknown): string {
  if (typeof item === 'string') return item
  if (!isRecord(item)) return ''
  const fields = withPlainKeys(item)
  const members = [...itemKeys.map((key) => fields[key]), ...Object.values(item)]
  return members.find((member) => typeof member === 'string') ?? ''
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
