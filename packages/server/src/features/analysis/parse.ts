import { type Analysis, analysis } from '@dreamscape/protocol/analysis'

/** Finds the analysis in what a model wrote: its thinking and code fences are set aside. Undefined when there is none. */
export function parseAnalysis(content: string): Analysis | undefined {
  const answer = withoutThinking(content)
  const start = answer.indexOf('{')
  const end = answer.lastIndexOf('}')
  if (start < 0 || end < start) return undefined
  try {
    return analysis.safeParse(JSON.parse(answer.slice(start, end + 1))).data
  } catch {
    return undefined
  }
}

/** Reasoning models think aloud first; some never open the tag, some never close it. */
function withoutThinking(content: string): string {
  const closed = content.lastIndexOf('</think>')
  const rest = closed < 0 ? content : content.slice(closed + '</think>'.length)
  const opened = rest.indexOf('<think>')
  return opened < 0 ? rest : rest.slice(0, opened)
}
