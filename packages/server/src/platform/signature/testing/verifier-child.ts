import { createRequire } from 'node:module'
import { createSignatureVerifier } from '../verifier.ts'

// Tells which CommonJS files this process has loaded once it can verify signatures.
await createSignatureVerifier()
process.stdout.write(JSON.stringify(Object.keys(createRequire(import.meta.url).cache)))
