import cors from 'cors'
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express'
import helmet from 'helmet'
import { AppError } from '../platform/errors.ts'
import type { Log } from '../platform/log.ts'
import { createEventStream, type EventStream, errorEvent, eventStreamType } from './event-stream.ts'
import type { Identity } from './identity.ts'
import { createOperation } from './operation.ts'
import { defaultRetryAfter, problemAnswer, toAppError } from './problem.ts'
import { createRequestId } from './request-id.ts'
import type { Route } from './route.ts'

export type AppOptions = {
  routes: readonly Route[]
  identity: Identity
  chainId: number
  log: Log
  /** Exact origins, or `['*']` for any. */
  corsOrigins: readonly string[]
  /** Fails answers that break their schema; for development and tests. */
  checkResponses?: boolean
}

/** What the steps of one request tell each other. */
type Locals = { requestId: string; operationId?: string; code?: string; stream?: EventStream | undefined }
type Handler = RequestHandler<Record<string, string | string[]>, unknown, unknown, unknown, Locals>

export const maxBodyBytes = 131_072

/** The Express application for a list of routes. */
export function createApp({
  routes,
  identity,
  chainId,
  log,
  corsOrigins,
  checkResponses = false,
}: AppOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use(identify(log), securityHeaders(), crossOrigin(corsOrigins))

  const json = [requireJson, express.json({ limit: maxBodyBytes, inflate: false, strict: true })]
  for (const route of routes) {
    const operation = createOperation(route, { identity, chainId, checkResponses })
    app[route.method](expressPath(route), nameOperation(route), ...(route.body ? json : []), mount(route, operation))
  }
  for (const route of routes) {
    app.all(expressPath(route), refuseMethod(routes.filter(({ path }) => path === route.path)))
  }

  app.use(refusePath)
  app.use(answerProblem(log))
  return app
}

/** From OpenAPI's `{address}` to Express's `:address`. */
function expressPath({ path }: Route): string {
  return path.replace(/\{(\w+)\}/g, ':$1')
}

/** Names the request, and logs it once when it is over. */
function identify(log: Log): Handler {
  return (request, response, next) => {
    const startedAt = performance.now()
    const { locals } = response
    locals.requestId = createRequestId()
    response.setHeader('X-Request-Id', locals.requestId)
    response.setHeader('Cache-Control', 'no-store')
    response.once('close', () => {
      const { requestId, operationId, code } = locals
      const durationMs = Math.round((performance.now() - startedAt) * 10) / 10
      const state = response.writableFinished ? 'answered' : 'client-gone'
      const fields = { requestId, method: request.method, status: response.statusCode, durationMs, state }
      log.info({ ...fields, ...(operationId && { operationId }), ...(code && { code }) }, 'request')
    })
    next()
  }
}

function securityHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  })
}

function crossOrigin(origins: readonly string[]): RequestHandler {
  return cors({
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'POST'],
    allowedHeaders: [
      'Content-Type',
      'X-Signature',
      'X-Timestamp',
      'X-Signature-Type',
      'Authorization',
      'Idempotency-Key',
    ],
    exposedHeaders: ['RateLimit', 'RateLimit-Policy', 'Retry-After', 'X-Request-Id'],
    maxAge: 600,
  })
}

function nameOperation({ operationId }: Route): Handler {
  return (_request, response, next) => {
    response.locals.operationId = operationId
    next()
  }
}

/** body-parser skips what is not JSON without a word; a body of no bytes needs no type. */
const requireJson: Handler = (request, _response, next) => {
  if (request.headers['content-length'] !== '0' && request.is('application/json') === false) {
    throw new AppError('unsupported-media-type', 'Send JSON with Content-Type: application/json.')
  }
  next()
}

function mount(route: Route, operation: ReturnType<typeof createOperation>): Handler {
  return async (request, response) => {
    const { params, query, body, headers } = request
    const { requestId } = response.locals
    const stream = openStream(route, request, response)
    const outcome = await operation({ params, query, body, headers, requestId, onText: stream?.text })
    if (stream && route.stream && outcome.status === 200) return stream.end(route.stream.endEvents(outcome.body))
    if (route.cacheControl && outcome.status === 200) response.setHeader('Cache-Control', route.cacheControl)
    if (outcome.status === 503) response.setHeader('Retry-After', String(defaultRetryAfter))
    response.status(outcome.status).json(outcome.body)
  }
}

/** For who asks for events rather than JSON. */
function openStream(
  { stream }: Route,
  request: Pick<Request, 'accepts'>,
  response: Parameters<Handler>[1],
): EventStream | undefined {
  if (!stream || request.accepts(['application/json', eventStreamType]) !== eventStreamType) return undefined
  response.locals.stream = createEventStream(response, stream.textEvent)
  return response.locals.stream
}

function refuseMethod(siblings: readonly Route[]): Handler {
  const allowed = siblings.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]))
  const allow = [...allowed, 'OPTIONS'].join(', ')
  return (_request, response) => {
    response.setHeader('Allow', allow)
    throw new AppError('method-not-allowed', `This path answers ${allow}.`)
  }
}

const refusePath: Handler = () => {
  throw new AppError('not-found', 'There is nothing at this path. /api/openapi.json lists what there is.')
}

/** The one place where an error becomes an answer, and where it is logged. */
function answerProblem(log: Log): ErrorRequestHandler<unknown, unknown, unknown, unknown, Locals> {
  // Express knows an error handler by its four parameters.
  return (thrown, request, response, _next) => {
    const error = toAppError(thrown)
    const { requestId, operationId } = response.locals
    const { status, headers, document } = problemAnswer(error, requestId)
    response.locals.code = error.code

    const fields = { requestId, ...(operationId && { operationId }), code: error.code, error: error.cause ?? error }
    if (response.closed && !response.writableFinished) log.debug(fields, 'request ended after its client left')
    else if (error.code === 'internal') log.error(fields, 'request failed unexpectedly')
    else if (status >= 500) log.warn(fields, 'request failed')

    if (response.locals.stream?.hasBegun()) response.locals.stream.end([errorEvent(document)])
    else if (response.headersSent) request.socket.destroy()
    else response.status(status).set(headers).json(document)
  }
}
