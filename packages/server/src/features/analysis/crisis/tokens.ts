import { spellOut } from '../plain-letters.ts'

/** A word of a text, or one Chinese character. */
export type Token = {
  /** Lower case, with the marks it was written with. */
  exact: string
  /** The same without accents, as one types in a hurry. */
  plain: string
  sentence: number
  /** Counts commas. */
  clause: number
  paragraph: number
  isQuoted: boolean
}

/** A quotation longer than this is a quotation mark that was never closed. */
const longestQuotation = 60

const apostrophes = /['’‘ʼ`´]/g
const pieces = /\p{Script=Han}|[\p{L}\p{M}\p{N}]+|\n|,|\.+|…|[!?;。！？；।॥]|["“”„«»「」『』]/gu
const han = /^\p{Script=Han}$/u
const word = /^[\p{L}\p{M}\p{N}]/u
const lowerCase = /^\p{Ll}/u
const quotationMark = /^["“”„«»「」『』]$/u

/** Cuts a text into words that know their sentence; what only changes the look of a text is gone. */
export function readTokens(text: string): Token[] {
  const tokens: Token[] = []
  const known = new Map<string, Pick<Token, 'exact' | 'plain'>>()
  let sentence = 0
  let clause = 0
  let paragraph = 0
  let newlines = 0
  let quotationStart: number | undefined
  for (const [piece] of clean(text).matchAll(pieces)) {
    if (piece === '\n') {
      newlines += 1
    } else if (piece === ',') {
      clause += 1
    } else if (quotationMark.test(piece)) {
      quotationStart = quotationStart === undefined ? tokens.length : quote(tokens, quotationStart)
    } else if (word.test(piece)) {
      // A line that goes on in lower case was only wrapped.
      if (newlines > 1 || (newlines === 1 && !lowerCase.test(piece))) sentence += 1
      if (newlines > 1) paragraph += 1
      newlines = 0
      const { exact, plain } = known.get(piece) ?? spellings(piece)
      known.set(piece, { exact, plain })
      tokens.push({ exact, plain, sentence, clause, paragraph, isQuoted: false })
    } else if (piece !== '…' && !/^\.\.+$/.test(piece)) {
      sentence += 1
    }
  }
  return tokens
}

/** Both spellings of a word, which for texts and phrases are made alike. */
export function spellings(piece: string): { exact: string; plain: string } {
  const lower = piece.toLowerCase()
  const exact = han.test(lower) ? simplify(lower) : lower.replace(/(\p{L})\1{2,}/gu, '$1')
  return { exact, plain: withoutMarks(exact) }
}

/** Takes away what is not seen and what only looks different. */
export function clean(text: string): string {
  return text
    .replace(apostrophes, '')
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
}

function quote(tokens: Token[], start: number): undefined {
  if (tokens.length - start > longestQuotation) return
  for (const token of tokens.slice(start)) token.isQuoted = true
}

/** Accents, and the dot below of Devanagari; its two signs of a nasal are one. */
function withoutMarks(exact: string): string {
  const plain = exact.normalize('NFD').replace(/[\u0300-\u036f\u093c]/g, '')
  return spellOut(plain).replaceAll('\u0901', '\u0902')
}

const traditional =
  '殺夢結輕這個樓藥後來說電視書沒對無離開還會為讓們裡裏覺過從時現實遺給媽親讀話聽見氣麼點當戲劇絕傷應該寫條橋遠邊頭壓裝錯義'
const simplified =
  '杀梦结轻这个楼药后来说电视书没对无离开还会为让们里里觉过从时现实遗给妈亲读话听见气么点当戏剧绝伤应该写条桥远边头压装错义'
const simplifications = new Map(
  [...traditional].map((character, index) => [character, [...simplified][index] ?? character]),
)

function simplify(character: string): string {
  return simplifications.get(character) ?? character
}
