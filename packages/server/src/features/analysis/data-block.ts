/** Every kind of angle bracket; without them no tag can be written, so no text can close the block it stands in. */
const openBrackets = /[<\u2039\u27e8\u3008\ufe64\uff1c]/g
const closeBrackets = /[>\u203a\u27e9\u3009\ufe65\uff1e]/g

/** Steering characters, and the invisible ones that spell text for machines only. Joiners stay: emoji and scripts need them. */
const hidden =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu

/** Text from outside between tags of ours, as data that cannot end its own block. */
export function dataBlock(tag: string, text: string): string {
  return `<${tag}>\n${asData(text)}\n</${tag}>`
}

/** One line of data, for a list. */
export function dataLine(text: string): string {
  return asData(text).replace(/\s+/g, ' ').trim()
}

function asData(text: string): string {
  return withoutHidden(text.replace(/\r\n?/g, '\n')).replace(openBrackets, '‹').replace(closeBrackets, '›')
}

/** Takes out what nobody sees. */
export function withoutHidden(text: string): string {
  return text.replace(hidden, '')
}
