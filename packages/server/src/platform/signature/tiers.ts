import { createRequire } from 'node:module'

/** Gives the uncompressed public key (65 bytes) that made this signature. May throw on what cannot be recovered. */
export type Recover = (compact: Uint8Array, recovery: 0 | 1, digest: Uint8Array) => Uint8Array

export type Tier = {
  name: 'native' | 'wasm' | 'noble'
  /** Throws where the library is not there for this platform. */
  load: () => Promise<Recover>
}

const require = createRequire(import.meta.url)

/** Fastest first: about 60, 140 and 1,300 µs for one recovery. */
export const tiers: Tier[] = [
  { name: 'native', load: loadNative },
  { name: 'wasm', load: loadWasm },
  { name: 'noble', load: loadNoble },
]

// NOTE: `secp256k1/bindings` and not `secp256k1`: without a prebuilt binary (linux-arm64) the latter silently becomes
// `elliptic`, 25 times slower and with an unfixed advisory. `require`, so that absence is an error we can catch.
async function loadNative(): Promise<Recover> {
  const { ecdsaRecover }: NativeSecp256k1 = require('secp256k1/bindings')
  return (compact, recovery, digest) => ecdsaRecover(compact, recovery, digest, false)
}

async function loadWasm(): Promise<Recover> {
  const { instantiateSecp256k1 } = await import('@bitauth/libauth')
  const { recoverPublicKeyUncompressed } = await instantiateSecp256k1()
  return (compact, recovery, digest) => {
    const publicKey = recoverPublicKeyUncompressed(compact, recovery, digest)
    if (typeof publicKey === 'string') throw new Error(publicKey)
    return publicKey
  }
}

async function loadNoble(): Promise<Recover> {
  const { secp256k1 } = await import('@noble/curves/secp256k1.js')
  return (compact, recovery, digest) =>
    secp256k1.Signature.fromBytes(compact, 'compact').addRecoveryBit(recovery).recoverPublicKey(digest).toBytes(false)
}

type NativeSecp256k1 = {
  ecdsaRecover(signature: Uint8Array, recovery: number, digest: Uint8Array, compressed: boolean): Uint8Array
}
