import { withoutHidden } from './data-block.ts'

/** What begins markup becomes what does not; emphasis and the like is left out. */
const tamed: Record<string, string> = { '<': '‹', '>': '›', '[': '(', ']': ')', '{': '(', '}': ')' }
const dropped = new Set('`*_#|~\\')

/** Before a colon they begin an address; so does anything before a colon and a slash. */
const scheme = /(?:javascript|vbscript|data|mailto|file|blob)$/i

/** Longer runs without a space are text for programs. */
const longestRun = 39
const inRun = /[A-Za-z0-9+/=-]/

/** After the first piece, text goes on in pieces of this many characters, or up to the end of a sentence. */
const pieceLength = 16
const pause = /[.!?…。！？\n]$/

/** So much of what was said last is looked at together with what comes next. */
const lookBack = 400

export type SafeText = ReturnType<typeof createSafeText>

/**
 * Passes text on while it arrives, however it is cut, so that it shows as itself wherever it is put: nothing in it is markup,
 * nothing an address. Once `isForbidden` says that `next` must not be said after `before`, nothing more is.
 */
export function createSafeText(options: {
  isForbidden: (before: string, next: string) => boolean
  onText: (text: string) => void
}) {
  const { isForbidden, onText } = options
  let hasColon = false
  let run = 0
  let said = ''
  let next = ''
  let isStopped = false

  function tame(character: string): string {
    run = inRun.test(character) ? run + 1 : 0
    if (run > longestRun) return run === longestRun + 1 ? '…' : ''
    return dropped.has(character) ? '' : (tamed[character] ?? character)
  }

  const lately = () => (said + next).slice(-longestRun)

  function take(character: string): void {
    if (hasColon) next += character === '/' || scheme.test(lately()) ? ': ' : ':'
    hasColon = character === ':'
    if (hasColon) return
    // "www." is taken for an address without a scheme.
    next += character === '.' && lately().toLowerCase().endsWith('www') ? '. ' : tame(character)
  }

  function say(): void {
    if (next === '' || isStopped) return
    isStopped = isForbidden(said, next)
    if (isStopped) return
    onText(next)
    said = (said + next).slice(-lookBack)
    next = ''
  }

  return {
    push(text: string): void {
      if (isStopped) return
      for (const character of withoutHidden(text)) take(character)
      if (said === '' || next.length >= pieceLength || pause.test(next)) say()
    },

    /** Says what is left. */
    end(): void {
      if (hasColon) next += ':'
      hasColon = false
      say()
    },
  }
}
