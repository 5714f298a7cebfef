/** Something the dream reader knows: its name, the words that show it, and what it may point to. */
export type Entry = {
  name: string
  /** Words or short phrases, each as a list of words. */
  forms: string[][]
  meaning: string
  /** Phrases in which a form means something else: "fell asleep" is no fall. */
  exceptions: string[][]
}

/** `forms` and `except` are lists of words and phrases, separated by commas; `meaning` completes "it may point to …". */
export function entry(name: string, forms: string, meaning: string, except = ''): Entry {
  return { name, forms: toPhrases(forms), meaning, exceptions: toPhrases(except) }
}

function toPhrases(list: string): string[][] {
  return list
    .split(',')
    .map((phrase) => phrase.trim().split(' '))
    .filter(([first]) => first !== '')
}

/** An entry, and which of its forms stands where among the words. */
export type Mention = { entry: Entry; form: string[]; index: number }

/** Finds entries by the first word of their forms. */
export function createIndex(entries: Entry[]): (words: string[]) => Mention[] {
  const byFirstWord = new Map<string, { entry: Entry; form: string[] }[]>()
  for (const entry of entries) {
    for (const form of entry.forms) {
      const [first = ''] = form
      byFirstWord.set(first, [...(byFirstWord.get(first) ?? []), { entry, form }])
    }
  }
  const mentionsAt = (words: string[], index: number): Mention[] =>
    (byFirstWord.get(words[index] ?? '') ?? [])
      .filter(({ entry, form }) => occursAt(words, index, form) && !isExcepted(words, index, entry))
      .map(({ entry, form }) => ({ entry, form, index }))
  return (words) => words.flatMap((_word, index) => mentionsAt(words, index))
}

function occursAt(words: string[], index: number, phrase: string[]): boolean {
  return phrase.every((word, offset) => words[index + offset] === word)
}

/** Whether one of the entry's exceptions covers the word at `index`. */
function isExcepted(words: string[], index: number, { exceptions }: Entry): boolean {
  return exceptions.some((phrase) => phrase.some((_word, offset) => occursAt(words, index - offset, phrase)))
}
