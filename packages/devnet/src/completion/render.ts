import type { Completion } from './completion.ts'

/** What goes into the answer's `usage`: the counted one, another value, or undefined for no usage at all. */
type ShownUsage = unknown

/** The body of a `chat.completion`. */
export function renderJson({ id, created, model, content, finishReason }: Completion, usage: ShownUsage): Buffer {
  return Buffer.from(
    JSON.stringify({
      id,
      object: 'chat.completion',
      created,
      model,
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: finishReason, logprobs: null }],
      usage, // JSON.stringify leaves it out when undefined
    }),
  )
}

/** The SSE frames of a stream: role, content pieces, finish reason, usage with no choices, `[DONE]`. */
export function renderStream({ id, created, model, content, finishReason }: Completion, usage: ShownUsage): Buffer[] {
  const chunk = (members: object) =>
    renderFrame(JSON.stringify({ id, object: 'chat.completion.chunk', created, model, ...members }))
  const choice = (delta: object, finish: string | null = null) =>
    chunk({ choices: [{ index: 0, delta, finish_reason: finish, logprobs: null }] })

  return [
    choice({ role: 'assistant', content: '' }),
    ...splitContent(content).map((piece) => choice({ content: piece })),
    choice({}, finishReason),
    ...(usage === undefined ? [] : [chunk({ choices: [], usage })]),
    doneFrame,
  ]
}

/** One server-sent event. */
export function renderFrame(data: string): Buffer {
  return Buffer.from(`data: ${data.replaceAll('\n', '\ndata: ')}\n\n`)
}

/** Ends a stream. */
export const doneFrame = renderFrame('[DONE]')

/** Pieces of 24 characters, of a very long text larger ones: about a thousand. */
function splitContent(content: string): string[] {
  const size = Math.max(24, Math.ceil(content.length / 1_000))
  return content.match(new RegExp(`.{1,${size}}`, 'gsu')) ?? []
}
