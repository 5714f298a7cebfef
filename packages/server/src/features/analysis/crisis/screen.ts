import { type Language, phraseKinds } from './language.ts'
import { chinese } from './languages/chinese.ts'
import { english } from './languages/english.ts'
import { french } from './languages/french.ts'
import { german } from './languages/german.ts'
import { hindi } from './languages/hindi.ts'
import { polish } from './languages/polish.ts'
import { portuguese } from './languages/portuguese.ts'
import { spanish } from './languages/spanish.ts'
import { findPhrases } from './matcher.ts'
import { compile } from './phrases.ts'
import { readTokens } from './tokens.ts'
import { isUrging } from './urging.ts'
import { isMeant } from './verdict.ts'

const all: readonly Language[] = [english, spanish, french, german, polish, portuguese, chinese, hindi]

const urgingKinds = ['urged', 'commanded', 'softened'] as const
const dreamerKinds = phraseKinds.filter((kind) => !urgingKinds.some((other) => other === kind))

/** What models say is read word by word while it streams, so it is not compared with what only dreamers say. */
const languages = all.map((language) => ({
  tag: language.tag,
  automaton: compile([language], dreamerKinds),
  urging: compile([language], urgingKinds),
}))

export type Finding = {
  /** Of the words that were found, BCP 47. */
  language: string
}

/**
 * Finds first-person intent to die or to hurt oneself, or present danger, in what a dreamer wrote about being awake. What is
 * dreamt, over, quoted, or said of somebody else is not a crisis. Deterministic, and linear in the length of the text.
 */
export function findCrisis(text: string): Finding | undefined {
  return examine(text).finding
}

/** As `findCrisis`, with the steps it took. */
export function examine(text: string): { finding: Finding | undefined; steps: number } {
  const tokens = readTokens(text)
  let steps = tokens.length
  for (const { tag, automaton } of languages) {
    const found = findPhrases(tokens, automaton)
    steps += found.steps
    if (isMeant(tokens, found.matches)) return { finding: { language: tag }, steps }
  }
  return { finding: undefined, steps }
}

/**
 * Finds words that urge the reader to die or to hurt themselves, in what a model wrote; what it writes about is ordinary.
 * `isTail`: more came before.
 */
export function findUrging(text: string, isTail = false): Finding | undefined {
  const tokens = readTokens(text)
  const found = languages.find(({ urging }) => isUrging(tokens, findPhrases(tokens, urging).matches, isTail))
  return found && { language: found.tag }
}
