import { findUrging } from './crisis/screen.ts'
import { createInterpretationReader, type InterpretationReader } from './interpretation-reader.ts'
import { type Plan, thinksAloud } from './plan.ts'
import { createSafeText } from './safe-text.ts'

/** Longer than any phrase that urges somebody to do something, and than what may soften it. */
const longestPhrase = 200

/**
 * Passes an interpretation on while it arrives, out of what the model writes around it; not what gives our instructions away,
 * nor what urges the dreamer to die, nor anything after it.
 */
export function readAloud(options: {
  isLeak: (text: string) => boolean
  onText: (text: string) => void
}): (content: string, plan: Plan) => void {
  const { isLeak, onText } = options
  const urges = (before: string, next: string) =>
    findUrging(before.slice(-longestPhrase) + next, before.length > longestPhrase) !== undefined
  const isForbidden = (before: string, next: string) => isLeak(before + next) || urges(before, next)
  const safe = createSafeText({ isForbidden, onText })
  let reader: InterpretationReader | undefined
  return (content, { service }) => {
    reader ??= createInterpretationReader({ onText: safe.push, onEnd: safe.end, thinksAloud: thinksAloud(service) })
    reader.push(content)
  }
}
