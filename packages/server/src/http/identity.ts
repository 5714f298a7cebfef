import type { Principal } from '../platform/principal.ts'

/** What the caller of a signed route sent to prove who it is; `message` is the text its wallet must have signed. */
export type SignedCall = { address: string; signature: string; timestamp: number; message: string }

/** An answer that can be kept and given again. */
export type Outcome = {
  status: number
  body: object
  /** Not kept, so that nobody can tell that it was given: the same request runs again. */
  isForgotten?: true
}

/** What the kit asks of whoever knows signatures. */
export type Identity = {
  /** Proves the caller; throws `signature-invalid` or `signature-expired`. For reads. */
  authenticate(call: SignedCall): Promise<Principal>
  /**
   * Proves the caller and spends the signature: `run` happens at most once at a time per signed request, a retry gets
   * the first outcome, another `request` under the same signature is refused. `request` is the validated input without
   * `signature`.
   */
  once(call: SignedCall, request: object, run: (principal: Principal) => Promise<Outcome>): Promise<Outcome>
}
