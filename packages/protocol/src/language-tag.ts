import { z } from 'zod'

/** Longer tags are well-formed, and nobody's language. */
const maxTagLength = 35

/** The canonical spelling of a BCP 47 language tag; undefined when `text` is none. */
export function toLanguageTag(text: string): string | undefined {
  if (text.length > maxTagLength || !/^[a-z]{2,3}(-[a-z0-9]+)*$/i.test(text)) return undefined
  try {
    return Intl.getCanonicalLocales(text)[0]
  } catch {
    return undefined
  }
}

export const languageTag = z
  .string()
  .max(maxTagLength)
  .refine((text) => toLanguageTag(text) !== undefined, 'must be a BCP 47 language tag, such as "de" or "pt-BR"')
