import { hkdfSync } from 'node:crypto'

/** HKDF-SHA256 without salt: `length` bytes for the purpose that `info` names. https://www.rfc-editor.org/rfc/rfc5869 */
export function hkdf({ key, info, length }: { key: Uint8Array; info: string | Uint8Array; length: number }): Buffer {
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), info, length))
}
