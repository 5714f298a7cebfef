import type { Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** The answers under way on each connection. Node knows them too, but counts a connection without any request as busy. */
const connections = new WeakMap<Server, Map<Duplex, Set<ServerResponse>>>()

/** Lets `closeGracefully` know what is under way. */
export function trackAnswers(server: Server): void {
  const answersOf = new Map<Duplex, Set<ServerResponse>>()
  connections.set(server, answersOf)

  server.on('connection', (socket) => {
    answersOf.set(socket, new Set())
    socket.once('close', () => answersOf.delete(socket))
  })
  server.prependListener('request', ({ socket }, response) => {
    const answers = answersOf.get(socket)
    answers?.add(response)
    if (!server.listening) response.setHeader('Connection', 'close')
    response.once('close', () => {
      answers?.delete(response)
      if (!server.listening && answers?.size === 0) socket.destroySoon()
    })
  })
}

/** Whether bytes of an answer are already out on this connection, so that nothing else may be written to it. */
export function isAnswering(server: Server, socket: Duplex): boolean {
  return [...(connections.get(server)?.get(socket) ?? [])].some((response) => response.headersSent)
}

/** Takes no more requests, waits up to `graceMs` for answers under way, then cuts what is left. */
export async function closeGracefully(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  for (const [socket, answers] of connections.get(server) ?? []) {
    if (answers.size === 0) socket.destroy()
    for (const response of answers) if (!response.headersSent) response.setHeader('Connection', 'close')
  }
  const cut = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearTimeout(cut)
}
