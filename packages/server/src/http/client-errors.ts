import { type Server, STATUS_CODES } from 'node:http'
import { AppError } from '../platform/errors.ts'
import { problemAnswer } from './problem.ts'
import { createRequestId } from './request-id.ts'
import { isAnswering } from './shutdown.ts'

/** Answers what is no HTTP request at all, so never reaches Express, and closes. */
export function answerClientErrors(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET' || isAnswering(server, socket)) socket.destroy()
    else socket.end(rawProblem(error.code))
  })
}

const answers: Record<string, { status: number; detail: string }> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: 'The headers are larger than 8192 bytes.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'The request did not arrive in time.' },
}

function rawProblem(code = ''): string {
  const { status, detail } = answers[code] ?? { status: 400, detail: 'This is not a well-formed HTTP request.' }
  const requestId = createRequestId()
  const { headers, document } = problemAnswer(new AppError('invalid-request', detail), requestId)
  const body = JSON.stringify({ ...document, title: STATUS_CODES[status], status })
  const fields = {
    ...headers,
    'X-Request-Id': requestId,
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  }
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...head, '', body].join('\r\n')
}
