import type { ProblemCode } from '@dreamscape/protocol/problems'

/** An outcome the caller is told about. `message` says what happened and what to do; `meta` is sent along, so it holds no secrets. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ProblemCode
  readonly meta: Record<string, unknown>

  constructor(code: ProblemCode, message: string, meta: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.meta = meta
  }
}

/** A setting or a state of the host that only the operator can mend; ends the start with its message. */
export class StartupError extends Error {
  override readonly name = 'StartupError'
}

/** Ends a switch over a union: a new member that is not handled does not compile. */
export function assertNever(value: never): never {
  throw new Error(`Unhandled case: ${JSON.stringify(value)}`)
}
