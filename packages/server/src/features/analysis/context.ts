import type { DreamCard } from '@dreamscape/protocol/dream-card'
import { dataBlock, dataLine } from './data-block.ts'
import { createOccurrence, createTermIndex } from './occurrence.ts'

/** What the cards may take of a prompt, in characters; the oldest are left out first. */
const maxCardsLength = 16_000

const maxRecurring = 12

/** Different symbols that are counted: many more than a journal has, and few enough to be compared at once. */
const maxSymbols = 300

/** What a model is told of earlier dreams: how many, and in which words. */
export type DreamContext = { used: number; text: string }

/** The newest cards that a level looks back to, and what recurs in them: counted here, so that it is a fact. */
export function buildContext(options: {
  dreamText: string
  cards: readonly DreamCard[]
  window: number
}): DreamContext {
  const { dreamText, cards, window } = options
  const telling = newestFirst(cards.filter(saysSomething)).slice(0, window)
  const lines = fitting(telling.map(toLine))
  if (lines.length === 0) return { used: 0, text: '' }
  const recurring = countRecurring(telling.slice(0, lines.length), dreamText)
  const facts = recurring.map(
    ({ symbol, count, isInDream }) =>
      `${dataLine(symbol)}: in ${count} of ${lines.length} earlier dreams${isInDream ? ', and in this one' : ''}`,
  )
  const blocks = [dataBlock('earlier-dreams', lines.join('\n'))]
  if (facts.length > 0) blocks.push(dataBlock('recurring', facts.join('\n')))
  return { used: lines.length, text: blocks.join('\n') }
}

function saysSomething({ summary, symbols, emotions }: DreamCard): boolean {
  return Boolean(summary?.trim() || symbols?.some((text) => text.trim()) || emotions?.some((text) => text.trim()))
}

/** By date when all have one, else as they came. */
function newestFirst(cards: readonly DreamCard[]): readonly DreamCard[] {
  if (!cards.every(({ date }) => date !== undefined)) return cards
  return cards.toSorted((a, b) => Date.parse(b.date ?? '') - Date.parse(a.date ?? ''))
}

function toLine({ date, summary, symbols, emotions }: DreamCard): string {
  const parts = [
    date?.slice(0, 10),
    summary && dataLine(summary),
    symbols?.length && `symbols: ${symbols.map(dataLine).join(', ')}`,
    emotions?.length && `emotions: ${emotions.map(dataLine).join(', ')}`,
  ]
  return `- ${parts.filter(Boolean).join('; ')}`
}

function fitting(lines: readonly string[]): readonly string[] {
  let length = 0
  const end = lines.findIndex((line) => {
    length += line.length
    return length > maxCardsLength
  })
  return end < 0 ? lines : lines.slice(0, end)
}

/** Symbols of at least two dreams, this one included, the most frequent first. */
function countRecurring(cards: readonly DreamCard[], dreamText: string) {
  const occurs = createOccurrence(dreamText)
  const recurring: { symbol: string; count: number; isInDream: boolean }[] = []
  for (const [symbol, count] of countSymbols(cards)) {
    if (recurring.length === maxRecurring) break
    const isInDream = occurs(symbol)
    if (count > 1 || isInDream) recurring.push({ symbol, count, isInDream })
  }
  return recurring
}

/** In how many cards each symbol stands, the most frequent first. */
function countSymbols(cards: readonly DreamCard[]): [string, number][] {
  const { firstOf } = createTermIndex({ max: maxSymbols })
  const counts = new Map<string, number>()
  for (const { symbols = [] } of cards) {
    const own = symbols.map(dataLine).filter(Boolean).map(firstOf)
    for (const symbol of new Set(own)) {
      if (symbol !== undefined) counts.set(symbol, (counts.get(symbol) ?? 0) + 1)
    }
  }
  return [...counts].sort(([, a], [, b]) => b - a)
}
