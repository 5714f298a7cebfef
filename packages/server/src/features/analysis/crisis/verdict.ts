import type { PhraseKind } from './language.ts'
import type { Match } from './matcher.ts'
import type { Token } from './tokens.ts'

/** How many words after an intent "in my dream", in the same clause, or "says the song", may begin to belong to it. */
const reach = { dream: 2, other: 3 }

/** How many words before an intent somebody else may have begun to speak: in the same clause, and before it. */
const speechReach = { within: 25, across: 2 }

const intentKinds: ReadonlySet<PhraseKind> = new Set(['now', 'deed', 'threat', 'told'])
const frameKinds: ReadonlySet<PhraseKind> = new Set(['dream', 'ending', 'waking', 'present', 'past', 'other'])
const wakingKinds: ReadonlySet<PhraseKind | undefined> = new Set(['waking', 'ending'])

/** What the sentences before say of where we are. `isShown`: the dream is told in the present tense. */
type Mode = { at: 'unsaid' | 'dream' | 'waking'; isShown: boolean; paragraph: number }

/** Whether one of the intents found is meant by the writer, awake, today. One pass in each direction. */
export function isMeant(tokens: readonly Token[], matches: readonly Match[]): boolean {
  const intents = matches.filter(({ kind }) => intentKinds.has(kind))
  if (intents.length === 0) return false
  const ordinary = markOrdinary(tokens.length, matches)
  const meant = markMeantQuotes(tokens, matches)
  // Of frames that end together the longest says most, so it comes last.
  const frames = matches
    .filter(({ kind }) => frameKinds.has(kind))
    .sort((left, right) => left.end - right.end || right.start - left.start)
  const before = framesBefore(tokens, frames)
  const after = framesAfter(tokens, frames)
  const endsAsDream = markDreamsThatEnd(tokens.length, matches)
  const modes = modesOf(tokens, matches)
  const recovered = new Set(matches.filter(({ kind }) => kind === 'recovered').map(({ start }) => sentenceOf(start)))

  return intents.some(isCrisis)

  function isCrisis({ kind, start, end }: Match): boolean {
    for (let index = start; index <= end; index += 1) {
      if (ordinary[index]) return false
    }
    if (tokens[start]?.isQuoted && !meant[start]) return false
    const inside = before[end]
    const isHearsay = (frame: Match | undefined) => frame?.kind === 'other' && kind !== 'threat'
    if (inside && inside.start > start && (inside.kind === 'dream' || isHearsay(inside))) return false
    const sentence = sentenceOf(start)
    if (kind !== 'now' && (recovered.has(sentence) || recovered.has(sentence + 1))) return false
    const earlier = before[start]
    const later = after[end]
    if (later && isHearsay(later) && isSameClause(later.start, end) && later.start <= end + reach.other) return false
    if (kind === 'told') return isToldAwake(earlier, later, modes[start])
    if (later?.kind === 'dream' && isDreamOf(later, { kind, end })) return false
    if (later?.kind === 'past' && kind !== 'now' && isSameClause(later.start, end)) return false
    if (earlier?.kind === 'other' && (kind === 'threat' || !isSpoken(earlier, start))) return true
    if (earlier) return earlier.kind === 'present' || wakingKinds.has(earlier.kind)
    const { at, isShown } = modes[start] ?? { at: 'unsaid', isShown: false }
    if (at !== 'waking' && endsAsDream[end]) return false
    return kind === 'now' ? !(at === 'dream' && isShown) : at !== 'dream'
  }

  function isSameClause(left: number, right: number): boolean {
    return tokens[left]?.clause === tokens[right]?.clause
  }

  function isDreamOf(dream: Match, { kind, end }: Pick<Match, 'kind' | 'end'>): boolean {
    const isNear = kind !== 'now' || dream.start <= end + reach.dream
    return isNear && isSameClause(dream.start, end)
  }

  function isSpoken(speech: Match, start: number): boolean {
    return start - speech.end <= (isSameClause(speech.end, start) ? speechReach.within : speechReach.across)
  }

  function sentenceOf(index: number): number {
    return tokens[index]?.sentence ?? 0
  }
}

function isToldAwake(earlier: Match | undefined, later: Match | undefined, mode: Mode | undefined): boolean {
  if (later?.kind === 'past' || later?.kind === 'dream') return false
  if (earlier && earlier.kind !== 'present') return wakingKinds.has(earlier.kind)
  return mode?.at === 'waking' || later?.kind === 'waking'
}

function markOrdinary(length: number, matches: readonly Match[]): Uint8Array {
  const marks = new Uint8Array(length)
  for (const { kind, start, end } of matches) {
    if (kind === 'ordinary') marks.fill(1, start, end + 1)
  }
  return marks
}

/** Quotations are somebody else's words, unless the writer quotes their own thoughts or the whole text stands in quotes. */
function markMeantQuotes(tokens: readonly Token[], matches: readonly Match[]): Uint8Array {
  const marks = new Uint8Array(tokens.length)
  const quoted = tokens.filter(({ isQuoted }) => isQuoted).length
  if (quoted > tokens.length * 0.7) return marks.fill(1)
  for (const { kind, end } of matches) {
    if (kind !== 'own') continue
    for (let index = end + 1; tokens[index]?.isQuoted && !marks[index]; index += 1) marks[index] = 1
  }
  return marks
}

/** For every token the last frame of its sentence that ended before it. */
function framesBefore(tokens: readonly Token[], frames: readonly Match[]): (Match | undefined)[] {
  const found: (Match | undefined)[] = []
  let next = 0
  let last: Match | undefined
  for (const [index, { sentence }] of tokens.entries()) {
    for (let frame = frames[next]; frame && frame.end < index; frame = frames[next]) {
      last = frame
      next += 1
    }
    found.push(last && tokens[last.end]?.sentence === sentence ? last : undefined)
  }
  return found
}

/** For every token the first frame of its sentence that begins after it. */
function framesAfter(tokens: readonly Token[], frames: readonly Match[]): (Match | undefined)[] {
  const found: (Match | undefined)[] = new Array(tokens.length)
  const byStart = [...frames].sort((left, right) => right.start - left.start)
  let next = 0
  let first: Match | undefined
  for (let index = tokens.length - 1; index >= 0; index -= 1) {
    for (let frame = byStart[next]; frame && frame.start > index; frame = byStart[next]) {
      first = frame
      next += 1
    }
    found[index] = first && tokens[first.start]?.sentence === tokens[index]?.sentence ? first : undefined
  }
  return found
}

/** Marks what comes before "and then I woke up": it was dreamt, though nobody had said so, back to where a dream begins. */
function markDreamsThatEnd(length: number, matches: readonly Match[]): Uint8Array {
  const marks = new Uint8Array(length)
  const borders = matches.filter(({ kind }) => kind === 'dream' || kind === 'ending')
  let from = 0
  for (const { kind, start, end } of borders) {
    if (kind === 'ending') marks.fill(1, from, Math.max(from, start))
    from = Math.max(from, end + 1)
  }
  return marks
}

/** For every token what the sentences before it have said. */
function modesOf(tokens: readonly Token[], matches: readonly Match[]): Mode[] {
  const modes: Mode[] = []
  let mode: Mode = { at: 'unsaid', isShown: false, paragraph: 0 }
  let shown = mode
  let next = 0
  let sentence = 0
  for (const [index, token] of tokens.entries()) {
    for (let match = matches[next]; match && match.end < index; match = matches[next]) {
      mode = modeAfter(match, mode)
      next += 1
    }
    if (token.paragraph !== mode.paragraph) mode = { ...mode, isShown: false, paragraph: token.paragraph }
    if (token.sentence !== sentence || index === 0) shown = mode
    sentence = token.sentence
    modes.push(shown)
  }
  return modes
}

function modeAfter({ kind }: Match, mode: Mode): Mode {
  if (kind === 'dream') return { ...mode, at: 'dream' }
  if (wakingKinds.has(kind)) return { ...mode, at: 'waking', isShown: false }
  if (kind === 'scene' && mode.at === 'dream') return { ...mode, isShown: true }
  return mode
}
