import { LRUCache } from 'lru-cache'

/** So many letters in a row are no chance: about seven words. */
const window = 36

/** There are as many different instructions as levels and languages. */
const checks = new LRUCache<string, (text: string) => boolean>({ max: 64 })

/**
 * Tells whether a text gives away what a model was told: a long run of the same letters, whatever stands between them, also
 * backwards or in ROT13.
 */
export function leakCheckOf(secret: string): (text: string) => boolean {
  const known = checks.get(secret)
  if (known) return known
  const check = createLeakCheck(secret)
  checks.set(secret, check)
  return check
}

function createLeakCheck(secret: string): (text: string) => boolean {
  const runs = new Set<string>()
  const letters = lettersOf(secret)
  for (const told of [letters, [...letters].reverse().join(''), rot13(letters)]) {
    for (let start = 0; start + window <= told.length; start += 1) runs.add(told.slice(start, start + window))
  }
  return (text) => {
    const said = lettersOf(text)
    for (let start = 0; start + window <= said.length; start += 1) {
      if (runs.has(said.slice(start, start + window))) return true
    }
    return false
  }
}

function lettersOf(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z]/g, '')
}

function rot13(letters: string): string {
  return letters.replace(/[a-z]/g, (letter) => String.fromCharCode(((letter.charCodeAt(0) - 97 + 13) % 26) + 97))
}
