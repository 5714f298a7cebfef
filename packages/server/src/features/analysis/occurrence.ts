import { areForms, areSame, fold, unspaced, wordsOf } from './words.ts'

/** Words that name nothing by themselves. */
const filler = new Set(
  'a an the of in on at to by and or my your his her its our their i me being with from into over under der die das des dem den ein eine einer mein meine und von im am le la les l un une des de du d mon ma mes et el los las una mi mis y del il lo gli uno mio mia e o os as um uma meu minha do da'.split(
    ' ',
  ),
)

/** Looks up whether something occurs in a dream: inflected, accented, in compounds, in scripts without spaces. */
export function createOccurrence(dream: string): (term: string) => boolean {
  const folded = fold(dream)
  const words = [...new Set(wordsOf(folded))]
  const run = folded.replace(/[\s\p{P}]+/gu, '')
  return (term) => {
    const own = wordsOf(fold(term))
    const telling = own.filter((word) => !filler.has(word))
    const sought = telling.length > 0 ? telling : own
    const found = sought.filter((word) =>
      unspaced.test(word) ? occursUnspaced(run, word) : words.some((item) => isIn(word, item)),
    )
    // The model may add a word of its own ("dark sea"), not two.
    return found.length > 0 && found.length * 2 >= sought.length
  }
}

/** Whether `word` is a form of `item`, or stands in it as part of a compound. Short pieces stand in many words by chance. */
function isIn(word: string, item: string): boolean {
  if (areForms(word, item)) return true
  const shortest = /^[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Hangul}]/u.test(word) ? 2 : 4
  return word.length >= shortest && item.includes(word)
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

/** Leaves the first of what differs in case, accents or number only. */
export function mergeTerms(terms: readonly string[]): string[] {
  const kept: { term: string; words: string[] }[] = []
  for (const term of terms) {
    const own = wordsOf(fold(term)).filter((word) => !['a', 'an', 'the'].includes(word))
    const words = own.length > 0 ? own : [fold(term)]
    if (!kept.some((other) => isSameTerm(other.words, words))) kept.push({ term, words })
  }
  return kept.map(({ term }) => term)
}

function isSameTerm(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, index) => areSame(word, b[index] ?? ''))
}
