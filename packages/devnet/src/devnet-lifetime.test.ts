import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, test, vi } from 'vitest'
import { startDevnet } from './devnet.ts'

const waitOptions = { timeout: 5_000, interval: 20 }

describe('a devnet ends', () => {
  test.concurrent.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const)('with its parent on %s', async (signal) => {
    const { child, pids } = await startDevnetChild()
    expect(pids.filter(isAlive)).toHaveLength(2)

    child.kill(signal)
    await once(child, 'exit')

    await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), waitOptions)
  })

  test('when it is closed, and leaves neither processes nor servers', async () => {
    const devnet = await startDevnet()
    const urls = [devnet.rpcUrl, ...devnet.providers.map(({ url }) => `${url}/v1/models`)]
    await Promise.all(urls.map((url) => fetch(url))) // leaves keep-alive connections open

    await devnet.close()

    expect(devnet.pids.filter(isAlive)).toEqual([])
    for (const url of urls) await expect(fetch(url)).rejects.toThrow('fetch failed')
  })

  test('only once, however often it is closed', async () => {
    const devnet = await startDevnet()

    await Promise.all([devnet.close(), devnet.close()])

    await expect(devnet.close()).resolves.toBeUndefined()
  })
})

async function startDevnetChild(): Promise<{ child: ChildProcess; pids: number[] }> {
  const script = fileURLToPath(new URL('./testing/devnet-child.ts', import.meta.url))
  const args = ['--conditions=@dreamscape/source', '--import', 'tsx', script]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return { child, pids: JSON.parse(line).pids }
}

/** A process that has ended but was not yet reaped by its new parent counts as gone. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  const stat = `/proc/${pid}/stat`
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, 'utf8'))
}
