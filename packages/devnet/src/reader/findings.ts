import { emotions } from './emotions.ts'
import { createIndex, type Entry, type Mention } from './lexicon.ts'
import { symbols } from './symbols.ts'
import { themes } from './themes.ts'

/** What the reader has found in a dream, each list in the order of first mention. */
export type Findings = {
  symbols: Entry[]
  /** The same in the words of the dream. */
  symbolWords: string[]
  emotions: Entry[]
  themes: Entry[]
  /** Words of the dream that stand out, for a dream none of whose words the reader knows. */
  strikingWords: string[]
  wordCount: number
}

const findSymbols = createIndex(symbols)
const findEmotions = createIndex(emotions)
const findThemes = createIndex(themes)

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
  const felt = (clause: string[]) => findEmotions(clause).filter(({ index }) => !isNegated(clause, index))
  const seen = clauses.flatMap(findSymbols)
  return {
    symbols: toEntries(seen),
    symbolWords: [...new Map(seen.toReversed().map(({ entry, form }) => [entry, form.join(' ')])).values()].reverse(),
    emotions: toEntries(clauses.flatMap(felt)),
    themes: toEntries(clauses.flatMap(findThemes)),
    strikingWords: strikingWords(words),
    wordCount: words.length,
  }
}

/** "my mother's" is a mention of the mother; "sea-green" is one word, and none of the sea. */
function toWords(text: string): string[] {
  const words = text.match(/[\p{L}\p{N}]+(?:['-][\p{L}\p{N}]+)*/gu) ?? []
  return words.map((word) => word.replace(/'s$/, ''))
}

function toEntries(mentions: Mention[]): Entry[] {
  return [...new Set(mentions.map(({ entry }) => entry))]
}

function isNegated(clause: string[], index: number): boolean {
  return clause
    .slice(Math.max(0, index - negationReach), index)
    .some((word) => negations.has(word) || word.endsWith("n't"))
}

const plainWords = new Set(
  'about after again another around because before being could dream dreamed dreaming dreamt every everything nothing other should someone something somewhere suddenly their there these thing things those through under until where which while would'.split(
    ' ',
  ),
)

/** The three longest words of at least five letters that say something. */
function strikingWords(words: string[]): string[] {
  const long = new Set(words.filter((word) => word.length >= 5 && !plainWords.has(word)))
  return [...long].sort((a, b) => b.length - a.length).slice(0, 3)
}
