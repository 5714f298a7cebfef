import type { AddressInfo } from 'node:net'
import { apiRoutes } from './api.ts'
import type { Settings } from './config/env.ts'
import { type Context, createContext, type Seams } from './context.ts'
import { createHttpServer } from './http/http-server.ts'
import { closeGracefully } from './http/shutdown.ts'
import type { Clock } from './platform/clock.ts'
import { StartupError } from './platform/errors.ts'
import type { Log } from './platform/log.ts'

export type RunningServer = {
  url: string
  context: Context
  /** Ends the answers under way, then everything else. */
  close: () => Promise<void>
  [Symbol.asyncDispose]: () => Promise<void>
}

/** Starts the service on PORT of `settings`. Throws `StartupError` when it cannot. */
export async function startServer(options: {
  settings: Settings
  log: Log
  clock?: Clock
  seams?: Seams
  /** The interface to listen on; all of them by default. */
  host?: string
  /** Checks every answer against its schema: for tests. */
  checkResponses?: boolean
}): Promise<RunningServer> {
  const { settings, log, host, checkResponses = false } = options
  const context = await createContext(options)
  const server = createHttpServer({
    routes: apiRoutes(context),
    identity: context.auth,
    chainId: context.chainId,
    log,
    corsOrigins: settings.CORS_ORIGINS,
    checkResponses,
  })
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(settings.PORT, host, resolve)
    })
  } catch (error) {
    await context.close()
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
    throw new StartupError(
      isTaken
        ? `Port ${settings.PORT} is in use: stop what listens there, or set PORT`
        : `Cannot listen on port ${settings.PORT}`,
      {
        cause: error,
      },
    )
  }
  const { port } = server.address() as AddressInfo
  log.info({ port, chainId: context.chainId }, 'listening')
  let closing: Promise<void> | undefined
  const close = () => {
    // An answer may have no run left, and a run whose client has left no connection: both are waited for.
    closing ??= Promise.all([closeGracefully(server, context.drainMs), context.drain()]).then(() => context.close())
    return closing
  }
  return { url: `http://127.0.0.1:${port}`, context, close, [Symbol.asyncDispose]: close }
}
