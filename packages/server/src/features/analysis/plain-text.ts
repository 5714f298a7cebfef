import { withoutHidden } from './data-block.ts'

/** What a program would fetch, open or run, or make a link of. An interpretation needs no address. */
const addresses = [
  // With a scheme or that of the page; to a browser a backslash is a slash.
  /(?:(?<![\p{L}\p{N}])[a-z][a-z0-9+.-]{1,20}:)?[/\\]{2,}[^\s)\]}>"'»]+/giu,
  /(?<![\p{L}\p{N}])(?:www\.|(?:javascript|vbscript|mailto):(?=\S))[^\s)\]}>"'»]*/giu,
  // These are words as well: "the data:here".
  /(?<![\p{L}\p{N}])(?:data:(?=[a-z]{1,20}\/|[;,])|file:(?=[/\\])|blob:(?=\S{0,40}\/))[^\s)\]}>"'»]*/giu,
  /[\p{L}\p{N}._%+-]{1,64}@(?:[\p{L}\p{N}-]{1,63}\.){1,8}\p{L}[\p{L}\p{N}-]{1,24}/gu,
  /(?<![\p{L}\p{N}])(?:[\p{L}\p{N}-]{1,63}\.){1,8}\p{L}[\p{L}\p{N}-]{1,24}(?::\d{1,5})?\/[^\s)\]}>"'»]*/gu,
]

/** Long runs without a space, in which text is hidden for programs (Base64, hex). */
const encoded = /[A-Za-z0-9+/_=-]{40,}/g

const breaks = /<\s*(?:br|hr)\s*\/?\s*>|<\s*\/\s*(?:p|div|li|ul|ol|h[1-6]|tr|table|blockquote)\s*>/gi
const scripts = /<\s*(script|style|iframe|svg|object|template|noscript|textarea|title)\b[\s\S]*?(?:<\s*\/\s*\1\s*>|$)/gi
const comments = /<!--[\s\S]*?(?:-->|$)|<!\[CDATA\[|\]\]>/g
const tags = /<[/!?]?[a-z][^<>]{0,2000}>/gi
const openTags = /<(?=[/!?a-z])/gi

/** Text that shows as itself wherever it is put: no markup of HTML or Markdown, no address, nothing invisible. */
export function plainText(text: string): string {
  const visible = withoutHidden(text.replace(/\r\n?|\u2028|\u2029/g, '\n')).replace(/\p{Surrogate}/gu, '')
  // Runs of spaces are taken out before anything else looks at them: each is a place where a search may start anew.
  const bare = withoutMarkdown(closeUp(withoutHtml(closeUp(visible))))
  const silent = [...addresses, encoded].reduce((rest, pattern) => rest.replace(pattern, '…'), bare)
  return closeUp(silent.replace(openTags, '‹'))
}

/** No more than one space or two line breaks in a row. */
function closeUp(text: string): string {
  return text
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

/** The same on one line. */
export function plainLine(text: string): string {
  return plainText(text).replace(/\s+/g, ' ')
}

function withoutHtml(text: string): string {
  const plain = decodeTags(text).replace(comments, '').replace(scripts, '').replace(breaks, '\n\n')
  return withoutAny(tags, '', plain)
}

/** What is left after one was taken out may form another; each round makes it shorter. */
function withoutAny(pattern: RegExp, replacement: string, text: string): string {
  let before = ''
  let plain = text
  for (let round = 0; round < 5 && plain !== before; round += 1) {
    before = plain
    plain = plain.replace(pattern, replacement)
  }
  return plain
}

/** Escaped brackets, which a page may turn into tags again. */
function decodeTags(text: string): string {
  return text.replace(/&(?:lt|#0*60|#x0*3c);?/gi, '<').replace(/&(?:gt|#0*62|#x0*3e);?/gi, '>')
}

/** Links and images, with their target in brackets or named elsewhere; the target may hold a pair of brackets. */
const links = /!?\[([^[\]]{0,500})\](?:\((?:[^()]|\([^()]{0,500}\)){0,2000}\)|\[[^[\]]{0,200}\])/g

/** Whatever form of a link or an image was not known: without square brackets there is none. */
function withoutMarkdown(text: string): string {
  const unlinked = withoutAny(links, '$1', text.replace(/^[^\S\n]*\[[^\]\n]{1,200}\]:[^\S\n]*\S+.*$/gm, ''))
  return unlinked
    .replace(/\[\/?(?:img|url|code|quote|b|i)(?:=[^\]]{0,500})?\]/gi, '')
    .replace(/^[^\S\n]*(?:`{3,}|~{3,}).*$/gm, '')
    .replace(/^[^\S\n]{0,3}(?:#{1,6}|>+)[^\S\n]+/gm, '')
    .replace(/(\*\*|__)(?=\S)([^\n]{1,500}?)(?<=\S)\1/g, '$2')
    .replace(/(?<![\p{L}\p{N}*])\*(?=\S)([^\n*]{1,500}?)(?<=\S)\*(?![\p{L}\p{N}*])/gu, '$1')
    .replace(/`([^`\n]{1,500})`/g, '$1')
    .replaceAll('[', '(')
    .replaceAll(']', ')')
}
