import { readSettings } from './config/env.ts'
import { StartupError } from './platform/errors.ts'
import { createLog } from './platform/log.ts'
import { startServer } from './server.ts'

try {
  const settings = readSettings()
  const log = createLog({ level: settings.LOG_LEVEL })
  const server = await startServer({ settings, log })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      log.info({ kind: signal }, 'stopping')
      void server.close().then(() => log.info({}, 'stopped'))
    })
  }
} catch (error) {
  if (!(error instanceof StartupError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
