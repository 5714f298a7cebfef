const readNames = /^(find|list|has|is|next|sum)/

/** By method: it is asked at every call. */
const verdicts = new Map<string, boolean>()

/**
 * Whether a method of a store's twin only reads, so that it passes while a transaction is open. Locks do not: they wait for
 * whoever writes.
 */
export function isRead(method: string): boolean {
  let known = verdicts.get(method)
  if (known === undefined) {
    known = readNames.test(method)
    verdicts.set(method, known)
  }
  return known
}
