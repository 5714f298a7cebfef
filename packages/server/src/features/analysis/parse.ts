import type { Analysis } from '@dreamscape/protocol/analysis'
import { toLanguageTag } from '@dreamscape/protocol/language-tag'
import { findAnswer, type RawAnswer } from './answer-shape.ts'
import { screenAnalysis } from './crisis/outputs.ts'
import { findJson } from './find-json.ts'
import { createOccurrence, mergeTerms } from './occurrence.ts'
import { plainLine, plainText } from './plain-text.ts'
import { leakCheckOf } from './prompt-leak.ts'

/** The most of each field that is passed on: beyond it, a model has lost the thread. */
const limits = {
  interpretation: 16_000,
  term: 60,
  sentence: 400,
  symbols: 12,
  emotions: 8,
  insights: 8,
  themes: 6,
  reflectionQuestions: 5,
}

type Spoken = { content: string; isCut: boolean }

export type AnswerReader = ReturnType<typeof createAnswerReader>

/**
 * Reads what a model wrote about one dream. `instructions` is what it was told and must not give away; `language` is that of
 * the help that takes the place of what urges a dreamer to die.
 */
export function createAnswerReader(options: {
  dreamText: string
  instructions: string
  language?: string | undefined
}) {
  const { dreamText, instructions, language } = options
  const occurs = createOccurrence(dreamText)
  const isLeak = leakCheckOf(instructions)
  const isTold = (text: string) => text !== '' && !isLeak(text)

  function toInterpretation(text: string): string {
    const plain = plainText(text)
    // Letter by letter it may run over several paragraphs: then none of them is passed on.
    const paragraphs = plain.split(/\n{2,}/).filter(isTold)
    const told = paragraphs.join('\n\n')
    return isLeak(told) ? '' : shorten(told, limits.interpretation)
  }

  const toTerms = (terms: readonly string[] = []) =>
    mergeTerms(terms.map(toTerm).filter((term) => isTold(term) && term.length <= limits.term))

  const toSentences = (sentences: readonly string[] = []) =>
    mergeTerms(sentences.map((sentence) => shorten(plainLine(sentence), limits.sentence)).filter(isTold))

  function toAnalysis(raw: RawAnswer): Analysis | undefined {
    const interpretation = toInterpretation(raw.interpretation)
    if (!/[\p{L}\p{N}]/u.test(interpretation)) return undefined
    const themes = toTerms(raw.themes).slice(0, limits.themes)
    const questions = toSentences(raw.reflectionQuestions).slice(0, limits.reflectionQuestions)
    const written = toLanguageTag(raw.language ?? '')
    const analysis: Analysis = {
      interpretation,
      symbols: toTerms(raw.symbols).filter(occurs).slice(0, limits.symbols),
      emotions: toTerms(raw.emotions).slice(0, limits.emotions),
      insights: toSentences(raw.insights).slice(0, limits.insights),
      ...(themes.length > 0 && { themes }),
      ...(questions.length > 0 && { reflectionQuestions: questions }),
      ...(written && { language: written }),
    }
    return isLeak([...analysis.symbols, ...analysis.emotions, ...themes, ...analysis.insights, ...questions].join(' '))
      ? { interpretation, symbols: [], emotions: [], insights: [] }
      : analysis
  }

  function find({ content, isCut }: Spoken): Analysis | undefined {
    for (const { value, ending } of findJson(content)) {
      if (ending === 'cut' || (isCut && ending !== 'closed')) continue
      const raw = findAnswer(value)
      if (!raw || (ending === 'unclosed' && !isComplete(raw))) continue
      const analysis = toAnalysis(raw)
      if (analysis) return screenAnalysis(analysis, language)
    }
    return undefined
  }

  let last: (Spoken & { analysis: Analysis | undefined }) | undefined

  return {
    /**
     * The analysis in what a model wrote, as plain text within limits; undefined when there is none, or only a part of one:
     * `isCut` says that the model had to stop. The same is not read twice in a row.
     */
    read(spoken: Spoken): Analysis | undefined {
      if (last?.content !== spoken.content || last.isCut !== spoken.isCut) last = { ...spoken, analysis: find(spoken) }
      return last.analysis
    },
  }
}

/** Without its last brackets, an answer is whole only when nothing is missing in it. */
function isComplete({ symbols, emotions, insights }: RawAnswer): boolean {
  return symbols !== undefined && emotions !== undefined && insights !== undefined
}

/** A term stands without quotes, bullets and full stops around it. */
function toTerm(text: string): string {
  return plainLine(text).replace(/^[\s"'“”‘’«»*•·.,;:–—-]+|(?<![\s"'“”‘’«»*•·.,;:–—-])[\s"'“”‘’«»*•·.,;:–—-]+$/gu, '')
}

/** Cuts after the last whole sentence that fits. */
function shorten(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  const start = text.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')
  const whole = /^[\s\S]*[.!?。！？…](?=\s|$)/u.exec(start)?.[0] ?? ''
  return whole.length > maxLength / 2 ? whole : `${start}…`
}
