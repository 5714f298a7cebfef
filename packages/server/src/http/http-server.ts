import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Express } from 'express'
import { type AppOptions, createApp } from './app.ts'
import { answerClientErrors } from './client-errors.ts'
import { trackAnswers } from './shutdown.ts'

/** The HTTP server for a list of routes; the caller listens. Close it with `closeGracefully`. */
export function createHttpServer(options: AppOptions): Server {
  const app = createApp(options)
  const server = createServer(
    {
      ...bornPrepared(app),
      headersTimeout: 5_000,
      // NOTE: covers receiving the request only; an answer may take, or stream, as long as it needs.
      requestTimeout: 15_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: 8_192,
    },
    app,
  )
  server.maxRequestsPerSocket = 1_000
  trackAnswers(server)
  answerClientErrors(server)
  return server
}

/**
 * Express sets the prototype of both objects on every request, which costs it more than half of its throughput: V8 drops
 * its optimisations for them. Born with the prototypes that Express is going to set, they stay as they are.
 * https://github.com/expressjs/express/issues/5998
 */
function bornPrepared(app: Express) {
  // NOTE: classes, not a Proxy or Reflect.construct around Node's own: measured, those give nothing.
  class Incoming extends IncomingMessage {}
  class Outgoing extends ServerResponse {}
  Object.setPrototypeOf(Incoming.prototype, app.request)
  Object.setPrototypeOf(Outgoing.prototype, app.response)
  Object.assign(app, { request: Incoming.prototype, response: Outgoing.prototype })
  return { IncomingMessage: Incoming, ServerResponse: Outgoing }
}
