import { expect, test } from 'vitest'
import { createSafeText } from './safe-text.ts'

/** What is passed on of a text that arrives in pieces of `size` characters. */
function pass(text: string, { size = text.length, forbidden = 'FORBIDDEN' } = {}): string[] {
  const said: string[] = []
  const safe = createSafeText({ isForbidden: (next) => next.includes(forbidden), onText: (piece) => said.push(piece) })
  const characters = [...text]
  for (let index = 0; index < characters.length; index += size)
    safe.push(characters.slice(index, index + size).join(''))
  return said
}

test.each([
  ['a sentence', 'The sea is deep. You were calm.', 'The sea is deep. You were calm.'],
  ['paragraphs', 'The sea.\n\nA white bird: hope, perhaps.', 'The sea.\n\nA white bird: hope, perhaps.'],
  ['other scripts', '海は深い。あなたは静かだった。🌊', '海は深い。あなたは静かだった。🌊'],
  ['a long word', 'Donaudampfschifffahrtsgesellschaft.', 'Donaudampfschifffahrtsgesellschaft.'],
  ['a tag', 'The <b>sea</b>.', 'The ‹b›sea‹/b›.'],
  ['a remote image', '![x](https://evil.example/a.png)', '!(x)(https: //evil.example/a.png)'],
  ['an address without a scheme', 'See www.evil.example.', 'See www. evil.example.'],
  ['a script in an address', 'javascript:alert(1)', 'javascript: alert(1)'],
  ['an entity', '&lt;img&gt; R & B', '& lt;img& gt; R & B'],
  ['emphasis', 'The **sea** is `deep`.', 'The sea is deep.'],
  ['a long run', `${'QUJD'.repeat(30)} sea`, `${'QUJD'.repeat(9)}QUJ… sea`],
  ['invisible characters', 'The s\u200be\u{e0041}a.', 'The sea.'],
])('passes %s on as text that is nothing else, however it is cut', (_what, text, expected) => {
  for (let size = 1; size <= text.length; size += 1) expect(pass(text, { size }).join('')).toBe(expected)
})

test('passes a piece on as soon as it comes', () => {
  expect(pass('The sea is deep', { size: 5 })).toEqual(['The s', 'ea is', ' deep'])
})

test('passes nothing more on once something must not be said', () => {
  expect(pass('The sea. FORBIDDEN words.', { size: 4 }).join('')).toBe('The sea. FORBIDD')
})
