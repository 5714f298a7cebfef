import { thoughtEnd, thoughtStart } from './thought-tags.ts'

/** More white space than any model puts around a colon, plus the key itself: so much of what came before is kept. */
const lookBack = 200

/** Where the value of the first field begins. */
const valueStart = /"interpretation"\s*:\s*"/

/** With what an answer begins that is not a thought. */
const answerStart = /^[{[`]/

const escapes: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

export type InterpretationReader = ReturnType<typeof createInterpretationReader>

/**
 * Reads the interpretation out of a JSON answer while it arrives, in pieces of any size. What a model thinks before it
 * answers is passed over, as far as it is marked. Takes time in proportion to what arrives.
 */
export function createInterpretationReader(options: {
  onText: (text: string) => void
  /** Called when the interpretation is over. */
  onEnd: () => void
  thinksAloud: boolean
}) {
  const { onText, onEnd, thinksAloud } = options
  let state: 'start' | 'before' | 'thinking' | 'inside' | 'after' = 'start'
  let kept = ''
  let high = ''

  /** Passes over what is before the value. */
  function approach(text: string): void {
    kept += text
    if (state === 'start') {
      kept = kept.replace(/^[\s\ufeff]+/, '')
      if (kept === '') return
      // Some templates open the tag in the prompt: then the answer begins in the middle of a thought.
      state = thinksAloud && !answerStart.test(kept) ? 'thinking' : 'before'
    }
    for (let isMoving = true; isMoving; ) {
      const step: Step = state === 'thinking' ? afterThought(kept) : beforeValue(kept)
      isMoving = step.state !== state && step.state !== 'inside'
      state = step.state
      kept = step.rest
    }
    if (state !== 'inside') return
    const rest = kept
    kept = ''
    read(rest)
  }

  /** Decodes a piece of the JSON string; an escape or a pair of surrogates that is not whole yet waits for the next piece. */
  function read(piece: string): void {
    const text = kept + piece
    kept = ''
    let said = ''
    let index = 0
    while (index < text.length) {
      const character = text[index] ?? ''
      if (character === '"') {
        state = 'after'
        break
      }
      if (character !== '\\') {
        said += character
        index += 1
        continue
      }
      const kind = text[index + 1]
      const length = kind === 'u' ? 6 : 2
      if (text.length < index + length) break
      said += kind === 'u' ? readUnit(text.slice(index + 2, index + 6)) : (escapes[kind ?? ''] ?? kind ?? '')
      index += length
    }
    if (state === 'inside') kept = text.slice(index)
    tell(said)
    if (state !== 'inside') onEnd()
  }

  /** Half of a surrogate pair waits for the other half. */
  function tell(said: string): void {
    const text = high + said
    high = state === 'inside' && /[\ud800-\udbff]$/.test(text) ? text.slice(-1) : ''
    const whole = high ? text.slice(0, -1) : text
    if (whole !== '') onText(whole.replace(/\p{Surrogate}/gu, '\ufffd'))
  }

  return {
    /** Takes the next piece of the answer. */
    push(text: string): void {
      if (state === 'inside') read(text)
      else if (state !== 'after') approach(text)
    },
  }
}

type Step = { state: 'before' | 'thinking' | 'inside'; rest: string }

function afterThought(text: string): Step {
  const end = thoughtEnd.exec(text)
  return end
    ? { state: 'before', rest: text.slice(end.index + end[0].length) }
    : { state: 'thinking', rest: text.slice(-lookBack) }
}

function beforeValue(text: string): Step {
  const thought = thoughtStart.exec(text)
  const found = valueStart.exec(text)
  if (thought && (!found || thought.index < found.index)) {
    return { state: 'thinking', rest: text.slice(thought.index + thought[0].length) }
  }
  if (found) return { state: 'inside', rest: text.slice(found.index + found[0].length) }
  return { state: 'before', rest: text.slice(-lookBack) }
}

function readUnit(hex: string): string {
  return /^[0-9a-f]{4}$/i.test(hex) ? String.fromCharCode(Number.parseInt(hex, 16)) : ''
}
