import type { PhraseKind } from './language.ts'
import type { Automaton, State } from './phrases.ts'
import type { Token } from './tokens.ts'

/** A phrase that was found, by the indices of its first and last token. */
export type Match = { kind: PhraseKind; start: number; end: number }

/**
 * Finds the phrases of a language within sentences, in the order of their ends. All of them are followed side by side, so
 * the `steps` it takes grow with the length of the text and nothing else.
 */
export function findPhrases(tokens: readonly Token[], automaton: Automaton): { matches: Match[]; steps: number } {
  const matches: Match[] = []
  const keysByWord = new Map<string, string[]>()
  let steps = 0
  let active = new Map<State, number>()
  let sentence = 0
  for (const [index, token] of tokens.entries()) {
    if (token.sentence !== sentence) active.clear()
    sentence = token.sentence
    active.set(automaton.start, index)
    const keys = keysByWord.get(token.exact) ?? keysOf(token, automaton)
    keysByWord.set(token.exact, keys)
    const following = new Map<State, number>()
    for (const [state, start] of active) {
      for (const target of state.any) follow(target, start)
      for (const key of keys) {
        for (const target of state.next.get(key) ?? []) follow(target, start)
      }
    }
    for (const [{ ends }, start] of following) {
      for (const kind of ends) matches.push({ kind, start, end: index })
    }
    active = following

    // Of two ways to the same place the shorter one says where the phrase begins.
    function follow(target: State, start: number) {
      steps += 1
      following.set(target, Math.max(start, following.get(target) ?? 0))
    }
  }
  return { matches, steps }
}

/** What a word may be called in the phrases of this language. */
function keysOf({ plain, exact }: Token, { prefixLengths, words }: Automaton): string[] {
  const prefixes = prefixLengths.map((length) => `${plain.slice(0, length)}*`)
  return [plain, `=${exact}`, ...prefixes].filter((key) => words.has(key))
}
