import { describe, expect, test } from 'vitest'
import { countTokens, truncateToTokens } from './tokens.ts'

describe('countTokens', () => {
  test.each([
    ['', 0],
    ['a', 1],
    ['four', 1],
    ['fives', 2],
    ['🌙🌙', 2],
  ])('counts a quarter of the bytes of %j, rounded up: %i', (text, tokens) => {
    expect(countTokens(text)).toBe(tokens)
  })
})

describe('truncateToTokens', () => {
  test('keeps a text that is short enough', () => {
    expect(truncateToTokens('a dream', 2)).toBe('a dream')
  })

  test('cuts to the limit exactly', () => {
    expect(truncateToTokens('a dream of water', 2)).toBe('a dream ')
  })

  test('never cuts a character in half', () => {
    expect(truncateToTokens('abc🌙🌙', 2)).toBe('abc🌙')
  })
})
