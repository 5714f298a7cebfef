const loneSurrogate = /\p{Surrogate}/u

/** Half a surrogate pair stands for no character: encoded it becomes U+FFFD, so two texts would have the same bytes. */
export function isWellFormed(text: string): boolean {
  return !loneSurrogate.test(text)
}
