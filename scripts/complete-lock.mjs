/**
 * Completes package-lock.json: npm leaves out optional platform packages that the registry at hand does not serve,
 * and then `npm ci` refuses the lock. Adds them by name and version only. `--check` changes nothing and fails instead.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64']

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))
const missing = Object.entries(lock.packages).flatMap(([path, entry]) =>
  Object.entries(entry.optionalDependencies ?? {})
    .filter(([name]) => !isResolvable(path, name))
    .map(([name, range]) => ({ name, range, dev: entry.dev === true })),
)

if (process.argv.includes('--check')) {
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ')
    process.stderr.write(`package-lock.json lacks ${names}: run \`npm run lock\` and commit the result\n`)
    process.exit(1)
  }
} else if (missing.length > 0) {
  for (const item of missing) lock.packages[`node_modules/${item.name}`] = platformEntry(item)
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
  process.stdout.write(`package-lock.json: added ${missing.length} platform packages\n`)
}

/** Whether `name` is found from `path` upwards, as Node would look for it. */
function isResolvable(path, name) {
  for (let directory = path; ; directory = directory.slice(0, Math.max(0, directory.lastIndexOf('/node_modules/')))) {
    if (lock.packages[`${directory ? `${directory}/` : ''}node_modules/${name}`]) return true
    if (!directory) return false
    if (!directory.includes('/node_modules/')) return Boolean(lock.packages[`node_modules/${name}`])
  }
}

/** A lock entry that npm skips on every platform but the one its name tells. */
function platformEntry({ name, range, dev }) {
  const words = name.split('/').at(-1).replace('amd64', 'x64').split('-')
  const os = words.find((word) => systems.includes(word))
  const cpu = words.find((word) => processors.includes(word))
  return {
    version: range.replace(/^[^\d]*/, ''),
    ...(cpu ? { cpu: [cpu] } : {}),
    ...(dev ? { dev: true } : {}),
    ...(name.includes('musl') ? { libc: ['musl'] } : {}),
    optional: true,
    os: [os ?? '!linux'],
  }
}
