const plainLetters: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
}

/** Spells the lower-case letters out that no decomposition takes apart. */
export function spellOut(text: string): string {
  return text.replace(/[ßæœøłđðþı]/g, (letter) => plainLetters[letter] ?? letter)
}
