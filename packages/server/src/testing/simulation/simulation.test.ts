import { beforeAll, describe, expect, test } from 'vitest'
import { bars, listMisses } from './report.ts'
import { traceSchedule } from './run.ts'
import { compileSimulation, simulate } from './simulate.ts'

const minutes = 60_000

describe('the code that moves money', () => {
  beforeAll(compileSimulation, 2 * minutes)

  test('moves it once, loses none and gets stuck nowhere in 20,000 schedules of faults', {
    timeout: 5 * minutes,
  }, async () => {
    const summary = await simulate({ schedules: 20_000 })

    expect(summary.failures).toEqual([])
    expect(listMisses(summary)).toEqual([])
    expect(summary.schedules).toBe(20_000)
    expect(summary.crashed / summary.schedules).toBeGreaterThan(bars.crashed)
  })

  test('is found out when it makes a mistake', { timeout: 2 * minutes }, async () => {
    const { failures } = await simulate({ schedules: 2_000, mutant: 'unique digest dropped', stopsAtFirst: true })

    expect(failures[0]?.violations[0]?.check).toBe('double')
  })
})

test('a seed is one order of events, for good', async () => {
  const follow = async () => {
    const lines: string[] = []
    await traceSchedule({ seed: 7, trace: (line) => void lines.push(line) })
    return lines
  }

  const first = await follow()

  expect(first.length).toBeGreaterThan(50)
  expect(await follow()).toEqual(first)
})
