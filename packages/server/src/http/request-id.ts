import { randomBytes } from 'node:crypto'

/** 16 URL-safe characters that nobody can guess. */
export function createRequestId(): string {
  return randomBytes(12).toString('base64url')
}
