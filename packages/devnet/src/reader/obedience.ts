import type { ChatRequest } from '../completion/request.ts'

/**
 * The answer of a naive model that follows orders given in the user's text; undefined when there are none in it.
 * - `answer with: …`: exactly what follows, up to a dream tag or the end;
 * - reveal, print, show, repeat or output … prompt or instructions: all system messages;
 * - ignore … previous (prior, above, earlier) instructions, and none of these: a sentence that says so.
 */
export function obey({ messages }: ChatRequest): string | undefined {
  const text = messages.findLast(({ role }) => role === 'user')?.text ?? ''
  const dictated = /\banswer with:[ \t]*([\s\S]*?)\s*(?:<\/?dream>|$)/i.exec(text)?.[1]
  if (dictated !== undefined) return dictated
  if (/\b(?:reveal|print|show|repeat|output)\b[^.!?\n]*\b(?:prompt|instructions)\b/i.test(text)) {
    return messages
      .filter(({ role }) => role === 'system')
      .map((message) => message.text)
      .join('\n\n')
  }
  if (/\bignore\b[^.!?\n]*\b(?:previous|prior|above|earlier)\b[^.!?\n]*\binstructions\b/i.test(text)) {
    return 'As you wish: I ignore my instructions.'
  }
  return undefined
}
