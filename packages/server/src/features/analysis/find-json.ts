import { jsonrepair } from 'jsonrepair'
import { parseJson } from '../../provider/parse-json.ts'
import { thoughtEnd, thoughtStart } from './thought-tags.ts'

/** More than any level may write, thinking included; what is longer is no answer of ours, and expensive to search. */
const maxSearchedLength = 30_000

/** Mending takes time that grows faster than the text; twice what the deepest level writes. */
const maxMendedLength = 20_000

/** Mending a deep text is slow, and no answer is one: not with wrappers, nor with brackets of its prose. */
const maxMendedDepth = 20

/** Places where an object may begin that are tried before giving up. */
const maxStarts = 8

/** How the text of an object ends: as it should, without its last brackets, or in the middle of something. */
export type Ending = 'closed' | 'unclosed' | 'cut'

/** A value that stands in a text, as good as it could be read. */
export type FoundJson = { value: unknown; ending: Ending }

/** The JSON objects in what a model wrote, best candidates first. Its thinking, fences and chatter are passed over. */
export function* findJson(content: string): Generator<FoundJson> {
  if (content.length > maxSearchedLength) return
  const all = content.trim()
  // What is JSON as a whole, or begins as such, is no thinking: a dream may speak of such a tag, and be quoted.
  yield* readWhole(all)
  const answer = withoutThinking(all)
  if (answer !== all) yield* readWhole(answer)
  yield* findObjects(answer)
  if (answer !== all && /^(?:```(?:json)?\s*)?[{[]/i.test(all)) yield* findObjects(all)
}

function* readWhole(text: string): Generator<FoundJson> {
  const whole = parseJson(text)
  if (whole !== undefined) yield { value: whole, ending: 'closed' }
}

function* findObjects(answer: string): Generator<FoundJson> {
  const nested: FoundJson[] = []
  let next = answer.indexOf('{')
  for (let starts = 0; next >= 0 && starts < maxStarts; starts += 1) {
    const { end, ending, deepest } = scanObject(answer, next)
    const value = readLoosely(answer.slice(next, end), deepest)
    if (value !== undefined) yield { value, ending }
    // A brace in the chatter may have swallowed the object.
    const inner = answer.indexOf('{', next + 1)
    if (inner >= 0 && inner < end && nested.length < maxStarts) {
      const found = scanObject(answer, inner)
      const innerValue = readLoosely(answer.slice(inner, found.end), found.deepest)
      if (innerValue !== undefined) nested.push({ value: innerValue, ending: found.ending })
    }
    next = answer.indexOf('{', end)
  }
  yield* nested
}

/** Reasoning models think aloud first; some never open the tag, some never close it. */
function withoutThinking(content: string): string {
  const rest = content.split(thoughtEnd).at(-1) ?? ''
  const opened = rest.search(thoughtStart)
  return (opened < 0 ? rest : rest.slice(0, opened)).trim()
}

function readLoosely(text: string, depth: number): unknown {
  const strict = parseJson(text)
  if (strict !== undefined || text.length > maxMendedLength || depth > maxMendedDepth) return strict
  try {
    return parseJson(jsonrepair(text))
  } catch {
    return undefined
  }
}

const closers: Record<string, string> = { '"': '"', "'": "'", '“': '”', '‘': '’', '„': '“', '«': '»', '「': '」' }

/**
 * Where the object that begins at `start` ends, and how deep its brackets go. A quote opens a text only where a text may
 * begin and closes it only where one may end, so that stray quotes inside do little harm.
 */
function scanObject(text: string, start: number): { end: number; ending: Ending; deepest: number } {
  let depth = 0
  let deepest = 0
  let closer: string | undefined
  let before = ''
  for (let index = start; index < text.length; index += 1) {
    const character = text.charAt(index)
    if (closer) {
      if (character === '\\') index += 1
      else if ((character === closer || (closer === '”' && character === '"')) && mayEndText(text, index)) {
        closer = undefined
        before = character
      }
      continue
    }
    if (/\s/.test(character)) continue
    if (closers[character] && /[{[,:]/.test(before)) closer = closers[character]
    else if (character === '{' || character === '[') depth += 1
    else if (character === '}' || character === ']') depth -= 1
    before = character
    deepest = Math.max(deepest, depth)
    if (depth === 0) return { end: index + 1, ending: 'closed', deepest }
  }
  const isBetween = !closer && /["'”’“»」\]}]/.test(before)
  return { end: text.length, ending: isBetween ? 'unclosed' : 'cut', deepest }
}

function mayEndText(text: string, index: number): boolean {
  return /^(?:\s*[,:}\]]|\s*$)/.test(text.slice(index + 1, index + 50))
}
