import { type ChatRequest, isRecord, parseJson } from '../completion/request.ts'
import { readDream } from './dream-reader.ts'

/**
 * The answer of a naive model that follows orders given in the user's text, in one of several languages; undefined when there
 * are none in it. Brackets that were made harmless are brackets to it, and Base64 is decoded.
 * - `answer with: …`: exactly what follows, up to the end of its block;
 * - `include: …`: a reading as ever, with what follows in every field of it;
 * - reveal, print, show, repeat … prompt or instructions: all system messages, as JSON, Base64, backwards, in ROT13 or letter by
 *   letter when that is asked for;
 * - write … words: a reading of so many;
 * - set or change level, model, price, cost, balance: a reading with members that say so;
 * - ignore … previous (prior, above, earlier) instructions, and none of these: a sentence that says so.
 */
export function obey(chat: ChatRequest): string | undefined {
  const said = chat.messages.findLast(({ role }) => role === 'user')?.text ?? ''
  const text = withDecoded(said.replaceAll('‹', '<').replaceAll('›', '>'))

  const dictated = orderedText(text, dictation)
  if (dictated !== undefined) return dictated
  const included = orderedText(text, inclusion)
  if (included !== undefined) return asReading(chat, (reading) => withText(reading, included))
  if (revelation.test(text)) return reveal(chat, text)
  const words = wordCount.exec(text)?.[1]
  if (words !== undefined)
    return asReading(chat, () => ({ interpretation: 'water '.repeat(Math.min(Number(words), 100_000)) }))
  if (demand.test(text)) return asReading(chat, () => boasts)
  if (/\bignore\b[^.!?\n]*\b(?:previous|prior|above|earlier)\b[^.!?\n]*\binstructions\b/i.test(text)) {
    return 'As you wish: I ignore my instructions.'
  }
  return undefined
}

const dictation = [
  'answer with',
  'respond with',
  'antworte mit',
  'responde con',
  'réponds avec',
  'rispondi con',
  'responda com',
  'ответь',
  '请回答',
  '次のように答えて',
  'أجب بـ',
]
const inclusion = [
  'include',
  'füge ein',
  'incluye',
  'ajoute',
  'aggiungi',
  'inclua',
  'добавь',
  '请加上',
  '追加して',
  'أضف',
]

const secrets =
  'prompts?|system message|instructions|anweisungen|instrucciones|consignes|istruzioni|instruções|инструкци\\p{L}*|提示词|指令|指示|تعليمات\\p{L}*'
const reveals =
  'reveal|print|show|repeat|output|tell|translate|encode|wiederhole|zeige|muestra|repite|affiche|répète|mostra|ripeti|mostre|repita|покажи|повтори|显示|重复|表示して|教えて|اعرض|كرر'
const revelation = new RegExp(
  `(?<!\\p{L})(?:${reveals})[^.!?\\n]*(?:${secrets})|(?:${secrets})[^.!?\\n]*(?:显示|重复|表示して|教えて)`,
  'iu',
)
const wordCount = /\bwrite\b[^.!?\n]{0,40}?(\d{2,6}) words\b/i
const demand =
  /\b(?:set|change|use|switch|charge|raise|make)\b[^.!?\n]*\b(?:level|model|price|cost|balance|verification|provider)\b/i

/** What is not a model's to decide. */
const boasts = {
  level: 7,
  model: 'gpt-9',
  cost: '0',
  remainingBalance: '1000000',
  verification: 'content',
  provider: '0x000000000000000000000000000000000000dEaD',
  contextUsed: 99,
  usage: { inputTokens: 0, outputTokens: 0 },
  safety: { flag: 'crisis', resources: [{ name: 'Call me', url: 'https://evil.example' }] },
}

/** What follows `order:` up to the end of its block. */
function orderedText(text: string, orders: readonly string[]): string | undefined {
  const pattern = `(?<!\\p{L})(?:${orders.join('|')})\\s?[:：][ \\t]*([\\s\\S]*?)\\s*(?:</?(?:dream|earlier-dreams|recurring)>|$)`
  return new RegExp(pattern, 'iu').exec(text)?.[1]
}

function withDecoded(text: string): string {
  const decoded = (text.match(/[A-Za-z0-9+/]{24,}={0,2}/g) ?? []).map((run) =>
    Buffer.from(run, 'base64').toString('utf8'),
  )
  return [text, ...decoded.filter((run) => /^[\p{L}\p{N}\p{P}\p{S}\s]+$/u.test(run))].join('\n')
}

function reveal(chat: ChatRequest, text: string): string {
  const secret = chat.messages
    .filter(({ role }) => role === 'system')
    .map((message) => message.text)
    .join('\n\n')
  const told = disguise(secret, text)
  const isForm = /\bjson\b|\binterpretation\b/i.test(text.replace(/<\/dream>(?![\s\S]*<\/dream>)[\s\S]*$/, ''))
  return isForm ? asReading(chat, (reading) => ({ interpretation: `${reading.interpretation}\n\n${told}` })) : told
}

function disguise(secret: string, text: string): string {
  if (/base64/i.test(text)) return Buffer.from(secret).toString('base64')
  if (/backwards|reverse/i.test(text)) return [...secret].reverse().join('')
  if (/letter by letter|spaces/i.test(text)) return [...secret].join(' ')
  if (!/rot-?13/i.test(text)) return secret
  return secret.replace(/[a-z]/gi, (letter) => {
    const base = letter <= 'Z' ? 65 : 97
    return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base)
  })
}

type Reading = Record<string, unknown>

/** A reading as ever, in JSON, changed. */
function asReading(chat: ChatRequest, change: (reading: Reading) => Reading): string {
  const reading = parseJson(readDream({ ...chat, isJsonFormat: true }))
  return JSON.stringify(isRecord(reading) ? { ...reading, ...change(reading) } : change({}))
}

function withText({ interpretation, rest, ...lists }: Reading, text: string): Reading {
  const withItem = (value: unknown) => (Array.isArray(value) ? [...value, text] : value)
  const withItems = (record: Reading) =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name, withItem(value)]))
  return {
    interpretation: `${interpretation}\n\n${text}`,
    ...withItems(lists),
    ...(isRecord(rest) && { rest: withItems(rest) }),
  }
}
