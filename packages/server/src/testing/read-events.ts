import { createParser } from 'eventsource-parser'

/** An event as a reader gets it. */
export type ReadEvent = { event: string | undefined; data: Record<string, unknown> }

/** All events of a stream, to its end. */
export async function readEvents(response: Response): Promise<ReadEvent[]> {
  const events: ReadEvent[] = []
  const parser = createParser({ onEvent: ({ event, data }) => events.push({ event, data: JSON.parse(data) }) })
  parser.feed(await response.text())
  return events
}

/** The text of all deltas. */
export function textOf(events: readonly ReadEvent[]): string {
  return events.flatMap(({ event, data }) => (event === 'delta' ? [String(data.text)] : [])).join('')
}
