import { accessSync, constants, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'

const require = createRequire(import.meta.url)

const platformPackages: Record<string, string> = {
  'linux-x64': '@foundry-rs/anvil-linux-amd64',
  'linux-arm64': '@foundry-rs/anvil-linux-arm64',
  'darwin-x64': '@foundry-rs/anvil-darwin-amd64',
  'darwin-arm64': '@foundry-rs/anvil-darwin-arm64',
  'win32-x64': '@foundry-rs/anvil-win32-amd64',
}

type Env = Record<string, string | undefined>

/**
 * The anvil to run: `ANVIL_BIN`, else the npm package of this platform, else the first one on `PATH`.
 * Throws with what to do when there is none.
 */
export function getAnvilBinary(
  // biome-ignore lint/style/noProcessEnv: where a tool is installed is a property of the machine, not a setting of the devnet
  env: Env = process.env,
  platform = `${process.platform}-${process.arch}`,
): string {
  if (env.ANVIL_BIN) {
    if (isExecutable(env.ANVIL_BIN)) return env.ANVIL_BIN
    throw new Error(`ANVIL_BIN names "${env.ANVIL_BIN}", which is not an executable file`)
  }
  const found = findInPackage(platform) ?? findOnPath(env.PATH ?? '')
  if (found) return found
  throw new Error(
    `No anvil found for ${platform}. Install Foundry (https://getfoundry.sh) and set ANVIL_BIN to the path of its anvil.`,
  )
}

const executable = process.platform === 'win32' ? 'anvil.exe' : 'anvil'

function findInPackage(platform: string): string | undefined {
  const name = platformPackages[platform]
  if (!name) return undefined
  try {
    // NOTE: not through `.bin/anvil`, which crashes when optional dependencies were left out.
    const binary = createRequire(require.resolve('@foundry-rs/anvil/package.json')).resolve(`${name}/bin/${executable}`)
    return isExecutable(binary) ? binary : undefined
  } catch {
    return undefined // the optional package is not installed
  }
}

function findOnPath(path: string): string | undefined {
  return path
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, executable))
    .find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
