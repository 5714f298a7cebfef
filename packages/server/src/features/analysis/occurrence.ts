import { areForms, areSame, fold, irregularFormsOf, stemOf, unspaced, wordsOf } from './words.ts'

/** Words that name nothing by themselves. */
const fillers = {
  english: 'a an the of in on at to by and or my your his her its our their i me being with from into over under',
  german: 'der die das des dem den ein eine einer mein meine und von im am',
  french: 'le la les l un une des de du d mon ma mes et',
  spanish: 'el los las una mi mis y del',
  italian: 'il lo gli uno mio mia e',
  portuguese: 'o os as um uma meu minha do da',
}
const filler = new Set(Object.values(fillers).flatMap((words) => words.split(' ')))

/** Looks up whether something occurs in a dream: inflected, accented, in compounds, in scripts without spaces. */
export function createOccurrence(dream: string): (term: string) => boolean {
  const folded = fold(dream)
  const isIn = createWordSearch(wordsOf(folded))
  const run = folded.replace(/[\s\p{P}]+/gu, '')
  return (term) => {
    const own = wordsOf(fold(term))
    const telling = own.filter((word) => !filler.has(word))
    const sought = telling.length > 0 ? telling : own
    const found = sought.filter((word) => (unspaced.test(word) ? occursUnspaced(run, word) : isIn(word)))
    // The model may add a word of its own ("dark sea"), not two.
    return found.length > 0 && found.length * 2 >= sought.length
  }
}

/**
 * Looks up whether a word is a form of one of `words`, or stands in one as part of a compound. Short pieces stand in many
 * words by chance.
 */
function createWordSearch(words: readonly string[]): (word: string) => boolean {
  const known = new Set(words)
  const joined = [...known].join(' ')
  // Forms of one word begin alike, except for the irregular ones.
  const byBeginning = new Map<string, string[]>()
  for (const word of known) {
    const alike = byBeginning.get(word.slice(0, 2))
    if (alike) alike.push(word)
    else byBeginning.set(word.slice(0, 2), [word])
  }
  return (word) => {
    const shortest = /^[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Hangul}]/u.test(word) ? 2 : 4
    if (word.length >= shortest && joined.includes(word)) return true
    if (irregularFormsOf(word).some((form) => known.has(form))) return true
    return byBeginning.get(word.slice(0, 2))?.some((other) => areForms(word, other)) ?? false
  }
}

/** Without spaces a word is found anywhere; of a compound its last part, of a Japanese verb its stem. */
function occursUnspaced(run: string, word: string): boolean {
  if (run.includes(word)) return true
  const parts = word.split(/[的之のをにでとがはへ]/).filter((part) => part.length > 0)
  return parts.some((part) => {
    if (part !== word && run.includes(part)) return true
    const han = part.match(/\p{Script=Han}+/u)?.[0]
    if (!han) return part.length >= 4 && run.includes(part.slice(0, -1))
    return run.includes(han) || (han.length > 1 && run.includes(han.slice(-1)))
  })
}

/** Knows terms again that differ in case, accents, articles or number only; of `max` different ones, no more are taken. */
export function createTermIndex({ max = Number.POSITIVE_INFINITY } = {}) {
  const byStem = new Map<string, { term: string; words: readonly string[] }[]>()
  let size = 0
  return {
    /** The first of the terms so far that are the same as this one; undefined when it is new and there is no room. */
    firstOf(term: string): string | undefined {
      const words = tellingWordsOf(term)
      const stem = words.map(stemOf).join(' ')
      const alike = byStem.get(stem)
      const known = alike?.find((other) => isSameTerm(other.words, words))
      if (known) return known.term
      if (size >= max) return undefined
      size += 1
      if (alike) alike.push({ term, words })
      else byStem.set(stem, [{ term, words }])
      return term
    },
  }
}

/** Leaves the first of what differs in case, accents, articles or number only. */
export function mergeTerms(terms: readonly string[]): string[] {
  const { firstOf } = createTermIndex()
  return [...new Set(terms.map((term) => firstOf(term) ?? term))]
}

function tellingWordsOf(term: string): readonly string[] {
  const folded = fold(term)
  const words = wordsOf(folded).filter((word) => !['a', 'an', 'the'].includes(word))
  return words.length > 0 ? words : [folded]
}

function isSameTerm(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, index) => areSame(word, b[index] ?? ''))
}
