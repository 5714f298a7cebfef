const readNames = /^(find|list|has|next)/

/**
 * Whether a method of a store's twin only reads, so that it passes while a transaction is open. Locks do not: they wait for
 * whoever writes.
 */
export function isRead(method: string): boolean {
  return readNames.test(method)
}
