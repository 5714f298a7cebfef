import type { PhraseKind } from './language.ts'
import type { Automaton, State } from './phrases.ts'
import type { Token } from './tokens.ts'

/** A phrase that was found, by the indices of its first and last token. */
export type Match = { kind: PhraseKind; start: number; end: number }

const none: readonly State[] = []

/** How far a phrase has been followed, and where it began. */
type Place = { state: State; start: number }

/**
 * Finds the phrases of a language within sentences, in the order of their ends. All of them are followed side by side, so
 * the `steps` it takes grow with the length of the text and nothing else.
 */
export function findPhrases(tokens: readonly Token[], automaton: Automaton): { matches: Match[]; steps: number } {
  const matches: Match[] = []
  const keysByWord = new Map<string, string[]>()
  const reachedAt = new Int32Array(automaton.size).fill(-1)
  let steps = 0
  let active: Place[] = []
  for (const [index, token] of tokens.entries()) {
    const keys = keysByWord.get(token.exact) ?? keysOf(token, automaton)
    keysByWord.set(token.exact, keys)
    const places = token.sentence === tokens[index - 1]?.sentence ? active : []
    active = []
    if (keys.length === 0 && places.length === 0) continue
    // The latest beginnings come first, so of two ways to the same state the shorter one stays.
    places.unshift({ state: automaton.start, start: index })
    for (const { state, start } of places) {
      for (const target of state.any) reach(target, start, index)
      for (const key of keys) {
        for (const target of state.next.get(key) ?? none) reach(target, start, index)
      }
    }
  }
  return { matches, steps }

  function reach(state: State, start: number, index: number) {
    steps += 1
    if (reachedAt[state.number] === index) return
    reachedAt[state.number] = index
    for (const kind of state.ends) matches.push({ kind, start, end: index })
    if (state.any.length > 0 || state.next.size > 0) active.push({ state, start })
  }
}

/** What a word may be called in the phrases of this language. */
function keysOf({ plain, exact }: Token, { prefixLengths, words }: Automaton): string[] {
  const prefixes = prefixLengths.map((length) => `${plain.slice(0, length)}*`)
  return [plain, `=${exact}`, ...prefixes].filter((key) => words.has(key))
}
