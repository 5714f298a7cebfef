import { emotions } from './emotions.ts'
import type { Entry } from './lexicon.ts'
import { symbols } from './symbols.ts'
import { themes } from './themes.ts'

/** What the reader has found in a dream, each list in the order of first mention. */
export type Findings = {
  symbols: Entry[]
  emotions: Entry[]
  themes: Entry[]
  /** Words of the dream that stand out, for a dream none of whose words the reader knows. */
  strikingWords: string[]
  wordCount: number
}

const negations = new Set(['no', 'not', 'never', 'without', 'nor', 'neither', 'cannot'])
const negationReach = 3

/** Looks up every word of the dream; a feeling that is denied ("not at all afraid") is not found. */
export function findInDream(dream: string): Findings {
  const clauses = dream
    .toLowerCase()
    .replaceAll('’', "'")
    .split(/[.,;:!?\n—]+/u)
    .map(toWords)
  const words = clauses.flat()
  const felt = clauses.flatMap((clause) => clause.filter((_word, index) => !isNegated(clause, index)))
  return {
    symbols: lookUp(symbols, words),
    emotions: lookUp(emotions, felt),
    themes: lookUp(themes, words),
    strikingWords: strikingWords(words),
    wordCount: words.length,
  }
}

function toWords(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+(?:'\p{L}+)*/gu) ?? []
}

function isNegated(clause: string[], index: number): boolean {
  return clause
    .slice(Math.max(0, index - negationReach), index)
    .some((word) => negations.has(word) || word.endsWith("n't"))
}

function lookUp(entries: Entry[], words: string[]): Entry[] {
  const known = byForm(entries)
  return [...new Set(words.flatMap((word) => known.get(word) ?? []))]
}

const indexes = new Map<Entry[], Map<string, Entry>>()

function byForm(entries: Entry[]): Map<string, Entry> {
  const known = indexes.get(entries)
  if (known) return known
  const index = new Map(entries.flatMap((item) => item.forms.map((form) => [form, item] as const)))
  indexes.set(entries, index)
  return index
}

/** The three longest words of at least five letters. */
function strikingWords(words: string[]): string[] {
  const long = new Set(words.filter((word) => word.length >= 5))
  return [...long].sort((a, b) => b.length - a.length).slice(0, 3)
}
