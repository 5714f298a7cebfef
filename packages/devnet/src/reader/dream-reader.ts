import type { ChatRequest } from '../completion/request.ts'
import { type Findings, findInDream } from './findings.ts'
import { createPhrasing, joinWords, writeInsights, writeInterpretation, writeQuestion } from './interpretation.ts'
import type { Entry } from './lexicon.ts'
import { parseTask, type ReadingTask } from './prompt.ts'

/**
 * The devnet's dream reader, which answers in the place of a language model: a dictionary of symbols, emotions and
 * motifs and a few turns of phrase. The same request always gets the same answer.
 */
export function readDream(request: ChatRequest): string {
  const task = parseTask(request)
  if (task.isRepair) return '{}'
  return writeAnswer(task, findInDream(task.dream))
}

/** The same reader in the manner of a reasoning model: thoughts in `<think>` first. */
export function reasonAndReadDream(request: ChatRequest): string {
  const task = parseTask(request)
  const findings = findInDream(task.dream)
  return `<think>\n${think(findings)}\n</think>\n\n${writeAnswer(task, findings)}`
}

function writeAnswer({ dream, isJson, isNested, paragraphs }: ReadingTask, findings: Findings): string {
  const phrase = createPhrasing(dream)
  const interpretation = writeInterpretation(findings, paragraphs, phrase)
  if (!isJson) return interpretation
  const emotions = names(findings.emotions)
  const insights = writeInsights(findings, phrase)
  if (isNested) {
    const symbols = orStriking(findings.symbolWords, findings)
    const reflectionQuestions = [writeQuestion(phrase)]
    const themes = names(findings.themes)
    return JSON.stringify({
      interpretation,
      rest: { emotions, insights, language: 'en', reflectionQuestions, symbols, themes },
    })
  }
  const symbols = orStriking(names(findings.symbols), findings)
  return JSON.stringify({ interpretation, symbols, emotions, insights })
}

function orStriking(symbols: string[], { strikingWords }: Findings): string[] {
  return symbols.length > 0 ? symbols : strikingWords
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
