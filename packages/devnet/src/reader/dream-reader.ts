import type { ChatRequest } from '../completion/request.ts'
import { type Findings, findInDream } from './findings.ts'
import { createPhrasing, joinWords, writeInsights, writeInterpretation } from './interpretation.ts'
import type { Entry } from './lexicon.ts'
import { parseTask, type ReadingTask } from './prompt.ts'

/**
 * The devnet's dream reader, which answers in the place of a language model: a dictionary of symbols, emotions and
 * motifs and a few turns of phrase. The same request always gets the same answer.
 */
export function readDream(request: ChatRequest): string {
  const task = parseTask(request)
  return writeAnswer(task, findInDream(task.dream))
}

/** The same reader in the manner of a reasoning model: thoughts in `<think>` first. */
export function reasonAndReadDream(request: ChatRequest): string {
  const task = parseTask(request)
  const findings = findInDream(task.dream)
  return `<think>\n${think(findings)}\n</think>\n\n${writeAnswer(task, findings)}`
}

function writeAnswer({ dream, isJson, paragraphs }: ReadingTask, findings: Findings): string {
  const phrase = createPhrasing(dream)
  const interpretation = writeInterpretation(findings, paragraphs, phrase)
  if (!isJson) return interpretation
  return JSON.stringify({
    interpretation,
    symbols: findings.symbols.length > 0 ? names(findings.symbols) : findings.strikingWords,
    emotions: names(findings.emotions),
    insights: writeInsights(findings, phrase),
  })
}

function think({ symbols, emotions, themes, wordCount }: Findings): string {
  return [
    `The dream has ${wordCount} words.`,
    `Images I recognise in it: ${joinWords(names(symbols)) || 'none'}.`,
    `Feelings that are told: ${joinWords(names(emotions)) || 'none'}.`,
    `Motifs: ${joinWords(names(themes)) || 'none'}.`,
    'I should stay tentative, and neither diagnose nor foretell anything.',
  ].join('\n')
}

function names(entries: Entry[]): string[] {
  return entries.map(({ name }) => name)
}
