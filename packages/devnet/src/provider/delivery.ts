import type { ServerResponse } from 'node:http'
import type { Fault } from './faults.ts'
import { createWriter } from './http.ts'

/** Carries out the faults that come before any work; true when the request has got its answer, or never will. */
export async function interrupt(response: ServerResponse, fault: Fault | undefined): Promise<boolean> {
  switch (fault?.kind) {
    case 'status': {
      const { status, body = { error: `ordered status ${status}` }, headers = {} } = fault
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
      return true
    }
    case 'hang':
      return true
    case 'drop-before-answer':
      response.destroy()
      return true
    case 'delay':
      await delay(response, fault.delayMs)
      return false
    default:
      return false
  }
}

/** Sends the answer; half of it when the connection is to break or to stand still. */
export async function deliver(response: ServerResponse, pieces: Buffer[], fault: Fault | undefined): Promise<void> {
  if (fault?.kind !== 'drop-mid-stream' && fault?.kind !== 'stall-mid-stream') {
    const write = createWriter(response)
    for (const piece of pieces) await write(piece)
    response.end()
    return
  }
  const whole = Buffer.concat(pieces)
  // NOTE: only after the half is on its way, or destroying the socket would take it along.
  response.write(whole.subarray(0, Math.ceil(whole.length / 2)), () => {
    if (fault.kind === 'drop-mid-stream') response.destroy()
  })
}

/** Ends early when the client leaves or the server closes. */
function delay(response: ServerResponse, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, delayMs)
    response.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
