/** Serialises work per key in this process, in order of arrival. A key costs nothing once its queue is empty. */
export function createKeyedMutex() {
  const tails = new Map<string, Promise<unknown>>()
  return async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const previous = tails.get(key)
    const turn = (previous ?? Promise.resolve()).then(work, work)
    const tail = turn.catch(() => {})
    tails.set(key, tail)
    try {
      return await turn
    } finally {
      if (tails.get(key) === tail) tails.delete(key)
    }
  }
}
