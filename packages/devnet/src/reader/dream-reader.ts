import type { ChatRequest } from '../completion/request.ts'

/** stub */
export function readDream(request: ChatRequest): string {
  return `stub ${request.messages.length}`
}

export function reasonAndReadDream(request: ChatRequest): string {
  return `<think>\nhm\n</think>\n\n${readDream(request)}`
}
