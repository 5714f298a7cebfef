import type { ChatRequest } from '../completion/request.ts'

/** What a request asks the dream reader for. */
export type ReadingTask = {
  dream: string
  isJson: boolean
  /** All but the interpretation is wanted in a member `rest`. */
  isNested: boolean
  /** An answer is to be put into form, which is beyond the reader. */
  isRepair: boolean
  paragraphs: ParagraphRange
}
export type ParagraphRange = { min: number; max: number }

const defaultParagraphs: ParagraphRange = { min: 2, max: 3 }
const maxParagraphs = 6
const numbers = ['zero', 'one', 'two', 'three', 'four', 'five', 'six']

const openTag = '<dream>'
const closeTag = '</dream>'

/** Reads the dream and the instructions; what the dream itself says is never taken for an instruction. */
export function parseTask({ messages, isJsonFormat, members }: ChatRequest): ReadingTask {
  const lastUser = messages.findLast(({ role }) => role === 'user')?.text ?? ''
  const dream = dreamIn(lastUser)
  const instructions = messages.map(({ text }) => (text === lastUser ? withoutDream(text) : text)).join('\n')
  return {
    dream,
    isJson: isJsonFormat || asksForJson(instructions),
    isNested: /"rest"\s*:/.test(instructions + JSON.stringify(members.response_format ?? '')),
    isRepair: lastUser.startsWith('<answer>'),
    paragraphs: findParagraphs(instructions),
  }
}

function dreamIn(text: string): string {
  const start = text.indexOf(openTag)
  const end = text.lastIndexOf(closeTag)
  return (start >= 0 && end > start ? text.slice(start + openTag.length, end) : text).trim()
}

function withoutDream(text: string): string {
  const start = text.indexOf(openTag)
  const end = text.lastIndexOf(closeTag)
  return start >= 0 && end > start ? text.slice(0, start) + text.slice(end + closeTag.length) : text
}

function asksForJson(instructions: string): boolean {
  return (
    /\b(?:answer|reply|respond|return|output|write|format|produce|provide|give|emit)\b[^.\n]{0,80}\bjson\b/i.test(
      instructions,
    ) || /\bjson\b[^.\n]{0,40}\b(?:object|only|format|keys|schema)\b/i.test(instructions)
  )
}

const count = `\\d+|${numbers.slice(1).join('|')}|a|single`
const paragraphRange = new RegExp(
  `\\b(${count})(?:\\s*(?:to|or|and|-|–|—)\\s*(${count}))?\\s+(?:[a-z]+\\s+)?paragraphs?\\b`,
  'gi',
)

/** The last count named, such as "2 to 3 paragraphs", "1-2 short paragraphs" or "a single paragraph". */
function findParagraphs(instructions: string): ParagraphRange {
  const match = [...instructions.matchAll(paragraphRange)].at(-1)
  if (!match?.[1]) return defaultParagraphs
  const min = toCount(match[1])
  return { min, max: Math.max(min, match[2] ? toCount(match[2]) : min) }
}

function toCount(word: string): number {
  const named = numbers.indexOf(word.toLowerCase())
  const value = /^\d+$/.test(word) ? Number(word) : Math.max(1, named)
  return Math.min(maxParagraphs, Math.max(1, value))
}
