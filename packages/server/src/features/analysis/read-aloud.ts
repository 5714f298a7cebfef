import { createInterpretationReader, type InterpretationReader } from './interpretation-reader.ts'
import { type Plan, thinksAloud } from './plan.ts'
import { createSafeText } from './safe-text.ts'

/** Passes an interpretation on while it arrives, out of what the model writes around it, as far as it may be said. */
export function readAloud(options: {
  isForbidden: (text: string) => boolean
  onText: (text: string) => void
}): (content: string, plan: Plan) => void {
  const safe = createSafeText(options)
  let reader: InterpretationReader | undefined
  return (content, { service }) => {
    reader ??= createInterpretationReader({ onText: safe.push, thinksAloud: thinksAloud(service) })
    reader.push(content)
  }
}
