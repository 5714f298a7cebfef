import type { Analysis } from '@dreamscape/protocol/analysis'
import { crisisHelp } from './help.ts'
import { findUrging } from './screen.ts'

/**
 * What the dreamer gets of a model's analysis: the analysis, or help in its place when it urges them to die or to hurt
 * themselves, or tells how. The language is the one they asked for, else that of the words found.
 */
export function screenAnalysis(analysis: Analysis, language?: string): Analysis {
  const { interpretation, symbols, emotions, insights, themes = [], reflectionQuestions = [] } = analysis
  const said = [interpretation, ...symbols, ...emotions, ...insights, ...themes, ...reflectionQuestions]
  const urging = findUrging(said.join('\n\n'))
  return urging ? crisisHelp(language ?? urging.language) : analysis
}
