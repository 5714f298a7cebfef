/** The same signature in its other encodings. */
export const encodings: [string, (signature: string) => string][] = [
  ['upper-case hex', (signature) => `0x${signature.slice(2).toUpperCase()}`],
  ['v of 0 or 1', (signature) => signature.slice(0, -2) + (signature.endsWith('1b') ? '00' : '01')],
]
