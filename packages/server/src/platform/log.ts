import { type DestinationStream, pino } from 'pino'
import { AppError } from './errors.ts'

/** The fields a log line may hold. Everything else is dropped: an allow-list cannot leak what nobody thought of. */
export type LogFields = {
  requestId?: string
  operationId?: string
  method?: string
  status?: number
  code?: string
  durationMs?: number
  address?: string
  brokerAddress?: string
  provider?: string
  model?: string
  amountNeuron?: bigint
  txHash?: string
  nonce?: number
  kind?: string
  state?: string
  count?: number
  port?: number
  url?: string
  chainId?: number
  verification?: string
  error?: unknown
}

export type Log = Record<'debug' | 'info' | 'warn' | 'error', (fields: LogFields, message: string) => void>

const allowed = new Set<string>([
  'requestId',
  'operationId',
  'method',
  'status',
  'code',
  'durationMs',
  'address',
  'brokerAddress',
  'provider',
  'model',
  'amountNeuron',
  'txHash',
  'nonce',
  'kind',
  'state',
  'count',
  'port',
  'url',
  'chainId',
  'verification',
] satisfies (keyof LogFields)[])

/** JSON lines through pino, holding allow-listed fields only. */
export function createLog(options: { level: string; destination?: DestinationStream }): Log {
  const logger = pino(
    { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    options.destination ?? pino.destination(1),
  )
  const at = (level: keyof Log) => (fields: LogFields, message: string) => {
    if (logger.isLevelEnabled(level)) logger[level](allowedFields(fields), message)
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function allowedFields(fields: LogFields): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'error') kept.error = errorSummary(value)
    else if (allowed.has(name)) kept[name] = typeof value === 'bigint' ? value.toString() : value
  }
  return kept
}

/** Name, code, place and the names of the causes. Messages of foreign errors can quote requests, so they stay out. */
function errorSummary(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error }
  const frames = (error.stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at '))
  return {
    name: error.name,
    ...(error instanceof AppError ? { code: error.code, message: error.message } : {}),
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    at: frames.slice(0, 4).map((line) => line.trim()),
    ...(error.cause === undefined ? {} : { cause: errorSummary(error.cause) }),
  }
}
