import { once } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { startDevnet } from './devnet.ts'
import { isAlive, startChild } from './testing/processes.ts'

describe('a devnet ends', () => {
  test('with its parent, even on SIGKILL', async () => {
    const { child, said: pids } = await startChild<number[]>('./devnet-child.ts')
    expect(pids.filter(isAlive)).toHaveLength(2)

    child.kill('SIGKILL')
    await once(child, 'exit')

    await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 5_000, interval: 20 })
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
