import { once } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { isAlive, startChild } from '../testing/processes.ts'
import { startAnvil } from './anvil.ts'

describe('anvil', () => {
  const signals = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const
  test.concurrent.each(signals)('ends with its parent on %s', async (signal) => {
    const { child, said: pids } = await startChild<number[]>('./anvil-child.ts')
    expect(pids.filter(isAlive)).toHaveLength(2)

    child.kill(signal)
    await once(child, 'exit')

    await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 5_000, interval: 20 })
  })

  test('that cannot be started is reported by its path', async () => {
    await expect(startAnvil({ binary: '/nowhere/anvil' })).rejects.toThrow('anvil at /nowhere/anvil cannot be started')
  })

  test('that ends at once is reported with what it said', async () => {
    await expect(startAnvil({ binary: process.execPath })).rejects.toThrow(/anvil did not start: .*bad option/)
  })
})
