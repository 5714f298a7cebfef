/** What the phrases of a language say about the text they stand in. */
export const phraseKinds = [
  /** Intent or danger in the present: "I want to kill myself". A dream in the same sentence makes it ordinary. */
  'now',
  /** A deed or a danger that a dream may have told: "I took all the pills". A dream told before makes it ordinary. */
  'deed',
  /** As `deed`, but said by somebody else of the writer: "he says he will kill me tonight". */
  'threat',
  /** Past tense, in which dreams are told: "I wanted to die". Only a waking marker makes it a crisis. */
  'told',
  /** Negations and idioms; whatever shares a word with one is ordinary. */
  'ordinary',
  /** From here a dream is told. */
  'dream',
  /** The dream is told in the present tense: "I am standing on". */
  'scene',
  /** Where a dream ended, told as its end: "and then I woke up". */
  'ending',
  /** From here the writer is awake: "in real life", "since I woke up". */
  'waking',
  /** "Now", "still": the present, which a dream can have too. */
  'present',
  /** Over for long: "years ago". */
  'past',
  /** Well again: "I am glad I survived". */
  'recovered',
  /** Words of others: films, songs, friends. */
  'other',
  /** The writer's own thoughts; what is quoted after it is meant. */
  'own',
  /** What a model must never say to a dreamer: "you should kill yourself". */
  'urged',
  /** The same as an order, which it only is where a clause begins: "Kill yourself". */
  'commanded',
  /** Shortly before or within such words it takes the urging out of them: "never", "if you feel", "the voice said". */
  'softened',
] as const

export type PhraseKind = (typeof phraseKinds)[number]

/**
 * One language as data. A phrase is a row of words: `(a|b c)` is a choice, `?` after a word or a choice makes it optional,
 * `(a|b)*` takes up to three of its choices, `..` stands for up to three words of any kind, `suicid*` for every word that
 * begins so, `<want>` for the words of that name. Accents do not count, except in a word after `=`.
 */
export type Language = {
  /** BCP 47. */
  tag: string
  words: Readonly<Record<string, string>>
  phrases: Readonly<Partial<Record<PhraseKind, readonly string[]>>>
}
