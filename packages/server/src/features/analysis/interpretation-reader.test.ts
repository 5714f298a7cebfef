import { expect, test } from 'vitest'
import { createInterpretationReader } from './interpretation-reader.ts'

/** What is passed on of an answer that arrives in pieces of `size` units. */
function read(answer: string, { size = answer.length, thinksAloud = false } = {}): string[] {
  const said: string[] = []
  const reader = createInterpretationReader({ onText: (text) => said.push(text), onEnd: () => {}, thinksAloud })
  for (let index = 0; index < answer.length; index += size) reader.push(answer.slice(index, index + size))
  return said
}

const rest = '","symbols":["sea"],"emotions":[],"insights":[]}'

test.each([
  ['plain JSON', `{"interpretation":"The sea.${rest}`, 'The sea.'],
  ['spread out', `{\n  "interpretation" :\n   "The sea.${rest}`, 'The sea.'],
  ['in a fence after chatter', `Here it is:\n\`\`\`json\n{"interpretation":"The sea.${rest}\n\`\`\``, 'The sea.'],
  ['wrapped', `{"analysis":{"interpretation":"The sea.${rest}}`, 'The sea.'],
  ['with escapes', `{"interpretation":"A \\"sea\\"\\n\\tand \\u00e9 \\/ \\\\${rest}`, 'A "sea"\n\tand é / \\'],
  ['with a pair of escaped surrogates', `{"interpretation":"\\ud83c\\udf0a!${rest}`, '🌊!'],
  ['with a pair of surrogates', `{"interpretation":"🌊!${rest}`, '🌊!'],
  ['with half of a pair', `{"interpretation":"a \\ud83c b${rest}`, 'a \ufffd b'],
  ['with a broken escape', `{"interpretation":"a \\u12zz b${rest}`, 'a  b'],
  ['after a thought', `<think>{"interpretation":"no"}</think>{"interpretation":"The sea.${rest}`, 'The sea.'],
  [
    'after a thought by another name',
    `<Reasoning>{"interpretation":"no"}</Reasoning>{"interpretation":"The sea.${rest}`,
    'The sea.',
  ],
  ['after two thoughts', `<think>a</think> <think>b</think>{"interpretation":"The sea.${rest}`, 'The sea.'],
  ['doubled', `{"interpretation":"The sea.${rest}{"interpretation":"Again.${rest}`, 'The sea.'],
])('finds the interpretation %s, however it is cut', (_what, answer, expected) => {
  for (let size = 1; size <= answer.length; size += 1) expect(read(answer, { size }).join('')).toBe(expected)
})

test.each([
  ['nothing in a thought that never ends', '<think>{"interpretation":"no"}'],
  ['nothing where there is no JSON', 'I cannot answer in JSON. The interpretation is: the sea.'],
  ['nothing of an empty one', `{"interpretation":"${rest}`],
])('passes on %s', (_what, answer) => {
  for (const size of [1, 7, answer.length]) expect(read(answer, { size })).toEqual([])
})

test('passes on what there is while it arrives, piece by piece', () => {
  expect(read('{"interpretation":"The sea is deep', { size: 20 })).toEqual(['T', 'he sea is deep'])
})

test('takes what a model that thinks aloud says before its first brace for a thought', () => {
  const answer = `Maybe {"interpretation":"a draft"}? No.</think>{"interpretation":"The sea.${rest}`

  expect(read(answer, { size: 3, thinksAloud: true }).join('')).toBe('The sea.')
  expect(read(`{"interpretation":"The sea.${rest}`, { size: 3, thinksAloud: true }).join('')).toBe('The sea.')
})

test('passes over very many thoughts, and much space, in one piece', () => {
  const thoughts = '<think></think>'.repeat(20_000)

  expect(read(`${thoughts}{"interpretation":"The sea.${rest}`)).toEqual(['The sea.'])
  expect(
    read(`${' '.repeat(100_000)}{"interpretation":"The sea.${rest}`, { size: 1, thinksAloud: true }).join(''),
  ).toBe('The sea.')
})

test('tells once that the interpretation is over', () => {
  let ends = 0
  const reader = createInterpretationReader({ onText: () => {}, onEnd: () => (ends += 1), thinksAloud: false })

  for (const character of `{"interpretation":"The sea.${rest}`) reader.push(character)

  expect(ends).toBe(1)
})
