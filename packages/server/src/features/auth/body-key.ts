import { hkdf } from '../../platform/hkdf.ts'
import { Secret } from '../../platform/secret.ts'

/** A key for hashes of request bodies that stand in the database. */
export function deriveBodyKey(secret: Secret<string>): Secret<Uint8Array> {
  return new Secret(hkdf({ key: Buffer.from(secret.reveal(), 'hex'), info: 'request-body/v1', length: 32 }))
}
