import type { Match } from './matcher.ts'
import type { Token } from './tokens.ts'

/** How many words before an urging "if you feel" or "never" may end to belong to it. */
const softeningReach = 4

/** More quoted than this, a text is nobody else's words. */
const mostQuoted = 0.7

/**
 * Whether one of the urgings found is said to the reader, and not warned against or told of. Where a text `isTail`, nobody
 * knows what its first word was said after.
 */
export function isUrging(tokens: readonly Token[], matches: readonly Match[], isTail = false): boolean {
  const isAllQuoted = tokens.filter(({ isQuoted }) => isQuoted).length > tokens.length * mostQuoted
  const softened = matches.filter(({ kind }) => kind === 'softened')
  return matches.some(
    (match) =>
      (match.kind === 'urged' || (match.kind === 'commanded' && beginsClause(match.start))) &&
      (isAllQuoted || !tokens[match.start]?.isQuoted) &&
      !softened.some((softening) => softens(softening, match)),
  )

  function beginsClause(start: number): boolean {
    const { sentence, clause } = tokens[start - 1] ?? {}
    if (start === 0) return !isTail
    return sentence !== tokens[start]?.sentence || clause !== tokens[start]?.clause
  }

  function softens(softening: Match, { start, end }: Match): boolean {
    if (tokens[softening.start]?.sentence !== tokens[start]?.sentence) return false
    if (softening.end < start) return softening.end >= start - softeningReach
    // One word within is part of what is urged: "you have *no* reason to live".
    return softening.start <= end && (softening.end > end || softening.end > softening.start)
  }
}
