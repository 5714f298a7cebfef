import { expect, test } from 'vitest'
import { inParallel } from './in-parallel.ts'

test('does everything once, and no more at a time than it may', async () => {
  const done: number[] = []
  let running = 0
  let most = 0
  const items = Array.from({ length: 20 }, (_, index) => index)

  await inParallel(items, 3, async (item) => {
    running += 1
    most = Math.max(most, running)
    await Promise.resolve()
    running -= 1
    done.push(item)
  })

  expect(done.sort((a, b) => a - b)).toEqual(items)
  expect(most).toBe(3)
})

test('fails with the first failure', async () => {
  const failing = inParallel([1, 2, 3], 2, async (item) => {
    if (item === 2) throw new Error('two')
  })

  await expect(failing).rejects.toThrow('two')
})
