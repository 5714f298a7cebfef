/** Runs at most one `work` per key at a time in this process; whoever comes meanwhile shares its outcome. */
export function createSingleFlight<T>() {
  const flights = new Map<string, Promise<T>>()
  return (key: string, work: () => Promise<T>): Promise<T> => {
    const running = flights.get(key)
    if (running) return running
    const flight = work().finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }
}
