import type { ServerResponse } from 'node:http'

/** One server-sent event; `data` is sent as JSON. */
export type StreamEvent = { event: string; data: object }

export const eventStreamType = 'text/event-stream'

/** Ends a stream early; `problem` is what would have been the answer. */
export const errorEvent = (problem: object): StreamEvent => ({ event: 'error', data: problem })

/** So often a comment tells proxies and readers that the stream is alive. */
const pingIntervalMs = 15_000

/** A reader that has not taken the end by then is cut off. */
const lingerMs = 10_000

export type EventStream = ReturnType<typeof createEventStream>

/**
 * An answer as server-sent events. Nothing is sent before the first text or the end, so that until then it can still become
 * something else. Text for a reader that is slow is kept together until it reads on; for one that is gone it is dropped.
 */
export function createEventStream(response: ServerResponse, textEvent: (text: string) => StreamEvent) {
  let waiting = ''
  let isBlocked = false

  function begin(): void {
    if (response.headersSent) return
    response.writeHead(200, { 'Content-Type': `${eventStreamType}; charset=utf-8`, 'X-Accel-Buffering': 'no' })
    const ping = setInterval(() => isBlocked || response.write(':\n\n'), pingIntervalMs)
    response.once('close', () => clearInterval(ping))
  }

  function flush(): void {
    if (isBlocked || waiting === '' || response.destroyed || response.writableEnded) return
    begin()
    const frame = render(textEvent(waiting))
    waiting = ''
    isBlocked = !response.write(frame)
    if (!isBlocked) return
    response.once('drain', () => {
      isBlocked = false
      flush()
    })
  }

  function end(events: readonly StreamEvent[]): void {
    if (response.destroyed || response.writableEnded) return
    begin()
    const text = waiting === '' ? [] : [textEvent(waiting)]
    waiting = ''
    response.end([...text, ...events].map(render).join(''))
    const cut = setTimeout(() => response.destroy(), lingerMs)
    response.once('close', () => clearTimeout(cut))
  }

  return {
    hasBegun: (): boolean => response.headersSent,
    /** Sends more text, now or when the reader takes it. */
    text(text: string): void {
      waiting += text
      flush()
    },
    /** Sends what is left and these events, and ends. */
    end,
  }
}

function render({ event, data }: StreamEvent): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
