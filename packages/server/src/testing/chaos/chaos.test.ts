import { expect, test } from 'vitest'
import { howToStartPostgres, openTestDatabases } from '../test-databases.ts'
import { runChaos } from './chaos.ts'

test('deaths, faults and hours that pass cost nobody a neuron', { timeout: 240_000 }, async ({ skip }) => {
  await using databases = await openTestDatabases()
  if (!databases.hasPostgres) skip(howToStartPostgres)

  const result = await runChaos({ durationMs: 15_000, leastDeaths: 8, seed: 20_260, population: 6, databases })

  expect(result.violations).toEqual([])
  expect(sum(result.kills)).toBeGreaterThan(3)
})

const sum = (counts: Record<string, number>) => Object.values(counts).reduce((total, count) => total + count, 0)
