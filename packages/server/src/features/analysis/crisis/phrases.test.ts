import { describe, expect, test } from 'vitest'
import { findPhrases } from './matcher.ts'
import { compile } from './phrases.ts'
import { readTokens } from './tokens.ts'

function find(phrase: string, text: string) {
  const tokens = readTokens(text)
  const { matches } = findPhrases(
    tokens,
    compile([{ tag: 'en', words: { sea: 'sea|deep water' }, phrases: { now: [phrase] } }]),
  )
  return matches.map(({ start, end }) =>
    tokens
      .slice(start, end + 1)
      .map(({ exact }) => exact)
      .join(' '),
  )
}

describe('a phrase', () => {
  test.each([
    ['a (b|c d) e', 'x a c d e x', ['a c d e']],
    ['a b? c', 'a c. a b c', ['a c', 'a b c']],
    ['a (b|c)* d', 'a d a b c b d', ['a d', 'a b c b d']],
    ['a .. d', 'a 1 2 3 d a 1 2 3 4 d', ['a 1 2 3 d']],
    ['suicid* now', 'suicidally now', ['suicidally now']],
    ['the <sea>', 'the sea, the deep water', ['the sea', 'the deep water']],
    ['chcę', 'Chce chcę', ['chce', 'chcę']],
    ['=chcę', 'Chce chcę', ['chcę']],
    ['不想活', '我不想活了', ['不 想 活']],
    ['a b', 'a. b', []],
    ['a b', 'a 1 a b', ['a b']],
  ])('%s in "%s" finds %j', (phrase, text, found) => {
    expect(find(phrase, text)).toEqual(found)
  })

  test.each(['a?', '(a', 'a)', 'a (b|)', '<river>'])('%s is refused', (phrase) => {
    expect(() => find(phrase, 'a')).toThrow()
  })
})
