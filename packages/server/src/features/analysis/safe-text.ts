import { withoutHidden } from './data-block.ts'

/** What begins markup becomes what does not; emphasis and the like is left out. */
const tamed: Record<string, string> = { '<': '‹', '>': '›', '[': '(', ']': ')', '{': '(', '}': ')' }
const dropped = new Set('`*_#|~\\')

/** Before a space they are just a colon and an "and"; before anything else they may begin an address or an entity. */
const openers = new Set(':&')

/** Longer runs without a space are text for programs. */
const longestRun = 39
const inRun = /[A-Za-z0-9+/=-]/

/** So much of what was said last is looked at together with what comes next. */
const lookBack = 200

export type SafeText = ReturnType<typeof createSafeText>

/**
 * Passes text on while it arrives, at once and however it is cut, so that it shows as itself wherever it is put: nothing in
 * it is markup, nothing an address. Once `isForbidden` says that what is about to be said must not be, nothing more is.
 */
export function createSafeText(options: { isForbidden: (text: string) => boolean; onText: (text: string) => void }) {
  const { isForbidden, onText } = options
  let opener = ''
  let run = 0
  let tail = ''
  let isStopped = false

  function tame(character: string): string {
    run = inRun.test(character) ? run + 1 : 0
    if (run > longestRun) return run === longestRun + 1 ? '…' : ''
    return dropped.has(character) ? '' : (tamed[character] ?? character)
  }

  return {
    push(text: string): void {
      if (isStopped) return
      let said = ''
      for (const character of withoutHidden(text)) {
        if (opener) said += /\s/.test(character) ? opener : `${opener} `
        opener = openers.has(character) ? character : ''
        // "www." is taken for an address without a scheme.
        const isHost = character === '.' && (tail + said).toLowerCase().endsWith('www')
        if (!opener) said += isHost ? '. ' : tame(character)
      }
      if (said === '') return
      isStopped = isForbidden(tail + said)
      if (isStopped) return
      tail = (tail + said).slice(-lookBack)
      onText(said)
    },
  }
}
