import type { Findings } from './findings.ts'
import type { Entry } from './lexicon.ts'
import type { ParagraphRange } from './prompt.ts'

const shownSymbols = 5
const shownEmotions = 3
const shownThemes = 2
const shownInsights = 3

/** One of several ways to put something. */
type Wording<T> = (subject: T) => string

/** The same dream always gets the same wording, another dream very likely another one. */
export type Phrasing = {
  /** Puts each subject in another way, so that no pattern comes twice before all were used. */
  each<T>(subjects: T[], wordings: readonly Wording<T>[]): string[]
  one(sentences: readonly string[]): string
}

export function createPhrasing(dream: string): Phrasing {
  let seed = 2_166_136_261 // FNV-1a
  for (const byte of Buffer.from(dream)) seed = Math.imul(seed ^ byte, 16_777_619) >>> 0
  const draw = (count: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return (seed >>> 16) % count // the high bits of the generator are the better ones
  }
  return {
    each(subjects, wordings) {
      const start = draw(wordings.length)
      return subjects.map((subject, index) => wordings[(start + index) % wordings.length]?.(subject) ?? '')
    },
    one: (sentences) => sentences[draw(sentences.length)] ?? '',
  }
}

/** Tentative prose in as many paragraphs as asked for: the larger number for a dream with much in it. */
export function writeInterpretation(findings: Findings, range: ParagraphRange, phrase: Phrasing): string {
  const isRich = findings.symbols.length + findings.emotions.length + findings.themes.length >= 4
  return toParagraphs(writeSentences(findings, phrase), isRich ? range.max : range.min).join('\n\n')
}

const symbolWordings: readonly Wording<Entry>[] = [
  ({ name, meaning }) => `The image of ${withArticle(name)} may point to ${meaning}.`,
  ({ name, meaning }) => `In ${withArticle(name)} one could see ${meaning}.`,
  ({ name, meaning }) => `Dreams sometimes use ${withArticle(name)} to speak of ${meaning}.`,
  ({ name, meaning }) => `Perhaps ${withArticle(name)} can stand here for ${meaning}.`,
  ({ name, meaning }) => `You might stay with ${withArticle(name)} for a moment, and with the thought of ${meaning}.`,
]

const withoutArticle = new Set(
  'water rain lightning snow ice fire light flying floating falling home teeth blood'.split(' '),
)
const withThe = new Set('sea sun moon sky mother father grandmother grandfather'.split(' '))

function withArticle(name: string): string {
  if (withoutArticle.has(name) || name.endsWith('s')) return name
  if (withThe.has(name)) return `the ${name}`
  return /^[aeiou]/.test(name) ? `an ${name}` : `a ${name}`
}

const emotionWordings: readonly Wording<Entry>[] = [
  ({ name, meaning }) => `The ${name} you tell of might come from ${meaning}.`,
  ({ name, meaning }) => `Where there is ${name}, there could also be ${meaning}.`,
  ({ name, meaning }) => `Its mood has ${name} in it, and so perhaps ${meaning}.`,
]

const themeWordings: readonly Wording<Entry>[] = [
  ({ name, meaning }) => `There is also a motif of ${name}, which may concern ${meaning}.`,
  ({ name, meaning }) => `What happens in it has something of ${name}, and could touch on ${meaning}.`,
]

/** Never fewer than six sentences, so that six paragraphs can be filled. */
function writeSentences(findings: Findings, phrase: Phrasing): string[] {
  const { symbols, emotions, themes, strikingWords, wordCount } = findings
  const told = wordCount === 1 ? 'one word' : `${wordCount} words`
  const opening = phrase.one([
    `In the ${told} you give it, this dream seems to circle around ${focus(findings)}.`,
    `Told in ${told}, your dream might be read as an image of ${focus(findings)}.`,
    `What comes through in your ${told} may, above all, be ${focus(findings)}.`,
  ])
  return [
    opening,
    ...orElse(
      phrase.each(symbols.slice(0, shownSymbols), symbolWordings),
      `Its images are unusual ones${quoteWords(strikingWords)}, and what they mean may be known to you alone.`,
    ),
    ...orElse(
      phrase.each(emotions.slice(0, shownEmotions), emotionWordings),
      'No feeling is named outright, so the mood you woke up with may be the better guide.',
    ),
    ...orElse(
      phrase.each(themes.slice(0, shownThemes), themeWordings),
      'It tells of a moment rather than of a course of events, which can be a way of holding something still.',
    ),
    phrase.one([
      'It may be worth asking where something similar has touched you in the last few days.',
      'Perhaps there is a situation in your waking life that has the same atmosphere.',
      'You could ask yourself which part of your days feels most like this dream.',
    ]),
    phrase.one([
      'Take from this only what rings true to you.',
      'This is one possible reading among several, and yours counts most.',
      'None of this is certain; it is offered as a place to start thinking.',
    ]),
  ]
}

const insightWordings: readonly Wording<Entry>[] = [
  ({ name, meaning }) => `You might ask what in your days has to do with ${name}, and so with ${meaning}.`,
  ({ name, meaning }) => `${capitalize(name)} may be an invitation to look at ${meaning}.`,
  ({ name, meaning }) => `If ${name} comes back in another dream, it could be telling of ${meaning}.`,
  ({ name, meaning }) => `A few lines in a diary about ${name} might show more of ${meaning}.`,
]

/** Three thoughts at most, first on what happens and is felt, then on what is seen; never none. */
export function writeInsights({ themes, emotions, symbols }: Findings, phrase: Phrasing): string[] {
  const subjects = [...themes.slice(0, 1), ...emotions.slice(0, 1), ...symbols].slice(0, shownInsights)
  return orElse(
    phrase.each(subjects, insightWordings),
    'You might write down what you felt on waking, as the dream itself says little of it.',
  )
}

export function writeQuestion(phrase: Phrasing): string {
  return phrase.one([
    'What in your waking life has the mood of this dream?',
    'Which part of the dream stays with you the longest?',
    'What would you have liked to do next?',
  ])
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function focus({ symbols, emotions, themes, strikingWords }: Findings): string {
  const names = [...symbols.slice(0, 2), ...emotions.slice(0, 1), ...themes.slice(0, 1)].map(({ name }: Entry) => name)
  return names.length > 0 ? joinWords(names) : `something of your own${quoteWords(strikingWords)}`
}

function quoteWords(words: string[]): string {
  return words.length > 0 ? ` (${words.map((word) => `“${word}”`).join(', ')})` : ''
}

export function joinWords(words: string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

function orElse(sentences: string[], fallback: string): string[] {
  return sentences.length > 0 ? sentences : [fallback]
}

/** Spreads the sentences over exactly `count` paragraphs, in order. */
function toParagraphs(sentences: string[], count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const [start, end] = [index, index + 1].map((part) => Math.floor((part * sentences.length) / count))
    return sentences.slice(start, end).join(' ')
  })
}
