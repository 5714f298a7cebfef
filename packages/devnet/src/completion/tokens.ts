/** The devnet's token count: a quarter of the UTF-8 bytes, rounded up. Exact and the same everywhere. */
export function countTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4)
}

/** The longest beginning of `text` that has at most `maxTokens` tokens; never half a character. */
export function truncateToTokens(text: string, maxTokens: number): string {
  if (countTokens(text) <= maxTokens) return text
  let end = 0
  let bytes = 0
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > maxTokens * 4) break
    end += character.length
  }
  return text.slice(0, end)
}
