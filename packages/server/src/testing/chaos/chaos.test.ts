import { expect, test } from 'vitest'
import { howToStartPostgres, openTestDatabases } from '../test-databases.ts'
import { runChaos } from './chaos.ts'

test('half a minute of deaths and faults costs nobody a neuron', { timeout: 240_000 }, async ({ skip }) => {
  await using databases = await openTestDatabases()
  if (!databases.hasPostgres) skip(howToStartPostgres)

  const result = await runChaos({ durationMs: 30_000, seed: 20_260, population: 6, databases })

  expect(result.violations).toEqual([])
  expect(Object.values(result.kills).reduce((sum, count) => sum + count)).toBeGreaterThan(3)
})
