import type { Language, PhraseKind } from './language.ts'
import { phraseKinds } from './language.ts'
import { clean, spellings } from './tokens.ts'

/** How many words `..` stands for at most. */
const longestGap = 3

/** A place between two words of a phrase: where each next word leads, and which kinds of phrases end here. */
export type State = { number: number; next: Map<string, State[]>; any: State[]; ends: PhraseKind[] }

/** All phrases of a language as one automaton without loops, so that a text is read once, whatever it says. */
export type Automaton = { start: State; size: number; prefixLengths: readonly number[]; words: ReadonlySet<string> }

const symbols = /\.\.|[()|?*]|<\w+>|=?[\p{L}\p{M}\p{N}]+\*?/gu
const han = /^\p{Script=Han}/u

/** Phrases of these kinds of all of these languages. */
export function compile(languages: readonly Language[], kinds: readonly PhraseKind[] = phraseKinds): Automaton {
  let size = 0
  const start = createState()
  const prefixLengths = new Set<number>()
  const keys = new Map<string, string>()
  for (const { words, phrases } of languages) {
    for (const kind of kinds) {
      for (const phrase of phrases[kind] ?? []) {
        const spelledOut = phrase.replace(/<(\w+)>/g, (_name, name: string) => `(${wordsOf(words, name)})`)
        const ends = parse(spelledOut, start)
        if (ends.has(start)) throw new Error(`Says nothing: ${phrase}`)
        for (const end of ends) end.ends.push(kind)
      }
    }
  }
  return { start, size, prefixLengths: [...prefixLengths], words: new Set(keys.values()) }

  function parse(phrase: string, from: State): Set<State> {
    const rest = symbolsOf(phrase).reverse()
    const ends = choice(new Set([from]))
    if (rest.length > 0) throw new Error(`Unbalanced: ${phrase}`)
    return ends

    function choice(begin: Set<State>): Set<State> {
      const found = new Set<State>()
      // Choices of one word end in the same place, which keeps the automaton small.
      const shared = createState()
      do {
        for (const end of sequence(begin, shared)) found.add(end)
      } while (rest.at(-1) === '|' && rest.pop())
      return found
    }

    function sequence(begin: Set<State>, shared: State): Set<State> {
      let at = begin
      let length = 0
      for (let symbol = rest.at(-1); symbol && symbol !== '|' && symbol !== ')'; symbol = rest.at(-1)) {
        rest.pop()
        length += 1
        const isAlone = length === 1 && isOver(rest.at(-1))
        const after =
          symbol === '('
            ? repeatable(at)
            : symbol === '..'
              ? gap(at)
              : step(at, symbol, isAlone ? shared : createState())
        at = rest.at(-1) === '?' && rest.pop() ? new Set([...at, ...after]) : after
      }
      if (length === 0) throw new Error(`A choice is empty: ${phrase}`)
      return at
    }

    function repeatable(begin: Set<State>): Set<State> {
      const inside = [...rest]
      const once = group(begin)
      if (rest.at(-1) !== '*') return once
      const twice = again(once)
      const ends = new Set([...begin, ...once, ...twice, ...again(twice)])
      rest.pop()
      return ends

      function again(from: Set<State>): Set<State> {
        rest.splice(0, rest.length, ...inside)
        return group(from)
      }
    }

    function group(begin: Set<State>): Set<State> {
      const ends = choice(begin)
      if (rest.pop() !== ')') throw new Error(`Unbalanced: ${phrase}`)
      return ends
    }
  }

  function gap(begin: Set<State>): Set<State> {
    const ends = new Set(begin)
    let at = begin
    for (let length = 0; length < longestGap; length += 1) {
      const target = createState()
      for (const { any } of at) any.push(target)
      ends.add(target)
      at = new Set([target])
    }
    return ends
  }

  function createState(): State {
    size += 1
    return { number: size - 1, next: new Map(), any: [], ends: [] }
  }

  function step(at: Set<State>, symbol: string, target: State): Set<State> {
    const key = keys.get(symbol) ?? keyOf(symbol)
    keys.set(symbol, key)
    if (key.endsWith('*')) prefixLengths.add(key.length - 1)
    for (const { next } of at) {
      const targets = next.get(key)
      if (targets) targets.push(target)
      else next.set(key, [target])
    }
    return new Set([target])
  }
}

function wordsOf(words: Language['words'], name: string): string {
  const found = words[name]
  if (!found) throw new Error(`No words are called ${name}`)
  return found
}

function isOver(symbol: string | undefined): boolean {
  return symbol === undefined || symbol === '|' || symbol === ')'
}

function symbolsOf(phrase: string): string[] {
  const found = [...clean(phrase).matchAll(symbols)].map(([symbol]) => symbol)
  return found.flatMap((symbol) => (han.test(symbol) ? [...symbol] : [symbol]))
}

function keyOf(symbol: string): string {
  if (symbol.startsWith('=')) return `=${spellings(symbol.slice(1)).exact}`
  return symbol.endsWith('*') ? `${spellings(symbol.slice(0, -1)).plain}*` : spellings(symbol).plain
}
