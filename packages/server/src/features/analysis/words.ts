import { spellOut } from './plain-letters.ts'

/** Marks that the same word is written with and without: Latin, Greek and Cyrillic accents, Hebrew and Arabic vowel points. */
const accents = /[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]/g

/** One spelling of a text for comparing: no case, no accents, no width, katakana as hiragana. */
export function fold(text: string): string {
  const lower = text.normalize('NFKD').replace(accents, '').toLowerCase()
  return spellOut(lower.normalize('NFKD').replace(accents, '').normalize('NFC'))
    .replace(/[\u30a1-\u30f6]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) - 0x60))
    .replace(/['’ʼ`](?=\p{L})/gu, "'")
}

/** The words of a folded text. "l'oiseau" has two; "mother's" is the mother. */
export function wordsOf(folded: string): string[] {
  return (folded.match(/[\p{L}\p{M}\p{N}]+/gu) ?? []).filter((word) => word !== 's')
}

/** Scripts that put no space between words. */
export const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}]/u

/** Forms of common words of dreams that share no beginning. */
const irregular = [
  ['fly', 'flew', 'flown', 'flies', 'flight', 'flying'],
  ['fall', 'fell', 'fallen', 'falling'],
  ['run', 'ran', 'running', 'runs', 'runner'],
  ['swim', 'swam', 'swum', 'swimming'],
  ['die', 'died', 'dying', 'dead', 'death'],
  ['fight', 'fought', 'fighting'],
  ['sing', 'sang', 'sung', 'song', 'singing'],
  ['speak', 'spoke', 'spoken', 'speech', 'speaking'],
  ['tooth', 'teeth'],
  ['foot', 'feet'],
  ['goose', 'geese'],
  ['mouse', 'mice'],
  ['man', 'men'],
  ['woman', 'women'],
  ['child', 'children', 'childhood'],
  ['person', 'people'],
  ['wolf', 'wolves'],
  ['knife', 'knives'],
  ['leaf', 'leaves'],
  ['thief', 'thieves'],
  ['wife', 'wives'],
  ['life', 'lives'],
  ['calf', 'calves'],
]
const irregularOf = new Map(irregular.flatMap((forms, index) => forms.map((form) => [form, index])))

/** The irregular forms of a folded word, itself among them; none when it is regular. */
export function irregularFormsOf(word: string): readonly string[] {
  return irregular[irregularOf.get(word) ?? -1] ?? []
}

/** What folded words that are the same have in common. Others may have it too: it narrows a search, it does not end it. */
export function stemOf(word: string): string {
  const form = irregularFormsOf(word)[0] ?? word
  let end = form.length
  while (end > 1 && 'senxiy'.includes(form.charAt(end - 1))) end -= 1
  return form.slice(0, end)
}

/** Whether two folded words look like forms of one. Rather once too often: a wrong yes keeps a word of the dream, a wrong no loses it. */
export function areForms(a: string, b: string): boolean {
  if (a === b) return true
  const group = irregularOf.get(a)
  if (group !== undefined && group === irregularOf.get(b)) return true
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  const common = commonLength(short, long)
  const [shortRest, longRest] = [short.slice(common), withoutDoubling(long.slice(common), short[common - 1])]
  const isLatin = /^[a-z]/.test(short)
  if (short.length <= 3)
    return common === short.length && common >= (isLatin ? 3 : 2) && longRest.length <= (isLatin ? 2 : 3)
  if (common >= 5) return shortRest.length <= 5 && longRest.length <= 5 && common * 2 >= long.length
  if (common === 4) return shortRest.length <= 2 && longRest.length <= 4
  if (common < 3) return false
  return isLatin
    ? /^[aeiouy]?$/.test(shortRest) && /^[aeiouy]?$/.test(longRest)
    : shortRest.length + longRest.length <= 3
}

/** Whether one folded word is the plural of the other, or they are the same: close enough to be merged. */
export function areSame(a: string, b: string): boolean {
  if (a === b) return true
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  const group = irregularOf.get(a)
  if (group !== undefined && group === irregularOf.get(b)) return true
  if (long === `${short.slice(0, -1)}ies` && short.endsWith('y')) return true
  const isLatin = /^[a-z]/.test(short)
  if (!isLatin || short.length < 3 || !long.startsWith(short)) return false
  return ['s', 'es', 'n', 'en', 'x'].includes(long.slice(short.length))
}

function commonLength(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length += 1
  return length
}

/** "running" is "run" with a doubled letter. */
function withoutDoubling(rest: string, before: string | undefined): string {
  return rest.length > 1 && rest[0] === before ? rest.slice(1) : rest
}
