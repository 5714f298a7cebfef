import { expect, test } from 'vitest'
import { createSafeText } from './safe-text.ts'

/** What is passed on of a text that arrives in pieces of `size` characters. */
function pass(text: string, { size = text.length, forbidden = 'FORBIDDEN' } = {}): string[] {
  const said: string[] = []
  const safe = createSafeText({
    isForbidden: (before, next) => (before + next).includes(forbidden),
    onText: (piece) => said.push(piece),
  })
  const characters = [...text]
  for (let index = 0; index < characters.length; index += size)
    safe.push(characters.slice(index, index + size).join(''))
  safe.end()
  return said
}

test.each([
  ['a sentence', 'The sea is deep. You were calm.', 'The sea is deep. You were calm.'],
  ['paragraphs', 'The sea.\n\nA white bird: hope, perhaps.', 'The sea.\n\nA white bird: hope, perhaps.'],
  ['a time and an "and"', 'At 3:30, R&B played:', 'At 3:30, R&B played:'],
  ['other scripts', '海は深い。あなたは静かだった。🌊', '海は深い。あなたは静かだった。🌊'],
  ['a long word', 'Donaudampfschifffahrtsgesellschaft.', 'Donaudampfschifffahrtsgesellschaft.'],
  ['a tag', 'The <b>sea</b>.', 'The ‹b›sea‹/b›.'],
  ['a remote image', '![x](https://evil.example/a.png)', '!(x)(https: //evil.example/a.png)'],
  ['an address without a scheme', 'See www.evil.example.', 'See www. evil.example.'],
  ['a script in an address', 'javascript:alert(1)', 'javascript: alert(1)'],
  ['emphasis', 'The **sea** is `deep`.', 'The sea is deep.'],
  ['a long run', `${'QUJD'.repeat(30)} sea`, `${'QUJD'.repeat(9)}QUJ… sea`],
  ['invisible characters', 'The s\u200be\u{e0041}a.', 'The sea.'],
])('passes %s on as text that is nothing else, however it is cut', (_what, text, expected) => {
  for (let size = 1; size <= text.length; size += 1) expect(pass(text, { size }).join('')).toBe(expected)
})

test('passes the first piece on as it comes, and then some words at a time', () => {
  expect(pass('The sea is deep. You were calm there.', { size: 3 })).toEqual([
    'The',
    ' sea is deep. You ',
    'were calm there.',
  ])
})

test('passes nothing more on once something must not be said', () => {
  const text = 'The sea is deep. You see FORBIDDEN words.'

  for (const size of [1, 4, text.length]) expect(pass(text, { size }).join('')).not.toContain('FORBIDDEN')
  expect(pass(text, { size: 4 }).join('')).toMatch(/^The sea is deep\. You see/)
})
