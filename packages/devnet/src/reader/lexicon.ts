/** Something the dream reader knows: its name, the words that show it, and what it may point to. */
export type Entry = { name: string; forms: string[]; meaning: string }

/** `forms` is a list of words; `meaning` completes "it may point to …". */
export function entry(name: string, forms: string, meaning: string): Entry {
  return { name, forms: forms.split(' '), meaning }
}
