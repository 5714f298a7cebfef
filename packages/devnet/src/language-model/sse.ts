import type { ReadableStream } from 'node:stream/web'

/** The data of each frame of a stream of server-sent events; comments and other fields are dropped. */
export async function* readFrames(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of body) {
    const blocks = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n\r?\n/)
    rest = blocks.pop() ?? ''
    yield* blocks.map(dataOf).filter((data) => data !== undefined)
  }
  const last = dataOf(rest)
  if (last !== undefined) yield last
}

function dataOf(block: string): string | undefined {
  const lines = block.split(/\r?\n/).filter((line) => line.startsWith('data:'))
  return lines.length > 0 ? lines.map((line) => line.slice('data:'.length).replace(/^ /, '')).join('\n') : undefined
}
