import type { Findings } from './findings.ts'
import type { Entry } from './lexicon.ts'
import type { ParagraphRange } from './prompt.ts'

const shownSymbols = 5
const shownInsights = 4

/** The same dream always gets the same wording, another dream very likely another one. */
export type Phrasing = <T>(options: readonly [T, ...T[]], slot: number) => T

export function createPhrasing(dream: string): Phrasing {
  let hash = 2_166_136_261 // FNV-1a
  for (const byte of Buffer.from(dream)) hash = Math.imul(hash ^ byte, 16_777_619) >>> 0
  return (options, slot) => options[(hash >>> (slot * 3)) % options.length] ?? options[0]
}

/** Tentative prose in as many paragraphs as asked for: the larger number for a dream with much in it. */
export function writeInterpretation(findings: Findings, range: ParagraphRange, phrase: Phrasing): string {
  const isRich = findings.symbols.length + findings.emotions.length + findings.themes.length >= 4
  return toParagraphs(writeSentences(findings, phrase), isRich ? range.max : range.min).join('\n\n')
}

/** Never fewer than six sentences, so that six paragraphs can be filled. */
function writeSentences(findings: Findings, phrase: Phrasing): string[] {
  const { symbols, emotions, themes, strikingWords, wordCount } = findings
  const told = wordCount === 1 ? 'one word' : `${wordCount} words`
  const opening = phrase(
    [
      `In the ${told} you give it, this dream seems to circle around ${focus(findings)}.`,
      `Told in ${told}, your dream might be read as an image of ${focus(findings)}.`,
      `What comes through in your ${told} may, above all, be ${focus(findings)}.`,
    ],
    0,
  )
  const symbolSentences = symbols
    .slice(0, shownSymbols)
    .map(({ name, meaning }, index) =>
      phrase(
        [`The image of ${name} may point to ${meaning}.`, `As an image, ${name} can suggest ${meaning}.`],
        index + 1,
      ),
    )
  const emotionSentences = emotions.map(({ name, meaning }, index) =>
    phrase(
      [`The ${name} in it might speak of ${meaning}.`, `Where you tell of ${name}, it could be about ${meaning}.`],
      index + 2,
    ),
  )
  const themeSentences = themes.map(({ name, meaning }, index) =>
    phrase(
      [
        `There is also a motif of ${name}, which may concern ${meaning}.`,
        `Its motif of ${name} could touch on ${meaning}.`,
      ],
      index + 3,
    ),
  )
  return [
    opening,
    ...orElse(
      symbolSentences,
      `Its images are unusual ones${quoteWords(strikingWords)}, and what they mean may be known to you alone.`,
    ),
    ...orElse(emotionSentences, 'No feeling is named outright, so the mood you woke up with may be the better guide.'),
    ...orElse(
      themeSentences,
      'It tells of a moment rather than of a course of events, which can be a way of holding something still.',
    ),
    phrase(
      [
        'It may be worth asking where something similar has touched you in the last few days.',
        'Perhaps there is a situation in your waking life that has the same atmosphere.',
        'You could ask yourself which part of your days feels most like this dream.',
      ],
      5,
    ),
    phrase(
      [
        'Take from this only what rings true to you.',
        'This is one possible reading among several, and yours counts most.',
        'None of this is certain; it is offered as a place to start thinking.',
      ],
      6,
    ),
  ]
}

/** One thought per theme and emotion, then per symbol; never none. */
export function writeInsights({ themes, emotions, symbols }: Findings): string[] {
  const insights = [
    ...themes.map(({ name, meaning }) => `The motif of ${name} may be an invitation to look at ${meaning}.`),
    ...emotions.map(({ name, meaning }) => `The ${name} might be worth a question of its own: it can show ${meaning}.`),
    ...symbols.map(({ name, meaning }) => `You might ask where in your life ${name} could stand for ${meaning}.`),
  ]
  return orElse(insights, 'You might write down what you felt on waking, as the dream itself says little of it.').slice(
    0,
    shownInsights,
  )
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
