import { describe, expect, test } from 'vitest'
import { startDevnet } from './devnet.ts'
import { isAlive } from './testing/processes.ts'

describe('a devnet ends', () => {
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
