import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { randomAddress } from '../../random-hex.ts'
import { createActor } from './conformance/actor.ts'
import { startAnvil } from './conformance/anvil.ts'
import type { ChainUnderTest } from './conformance/chain-under-test.ts'
import { depthScenarios } from './conformance/depth-scenarios.ts'
import { leavingScenarios } from './conformance/leaving-scenarios.ts'
import { ledgerScenarios } from './conformance/ledger-scenarios.ts'
import { mempoolScenarios } from './conformance/mempool-scenarios.ts'
import { startModel } from './conformance/model.ts'
import { live, randomLives } from './conformance/random-steps.ts'

let anvil: Awaited<ReturnType<typeof startAnvil>>
beforeAll(async () => {
  anvil = await startAnvil()
})
afterAll(() => anvil.close())

describe('the model does what the contracts do on anvil:', () => {
  const scenarios = [...ledgerScenarios, ...leavingScenarios, ...mempoolScenarios, ...depthScenarios]

  test.each(scenarios)('$name', async ({ play, confirmations = 1 }) => {
    const user = randomAddress()
    const watch = async (chain: ChainUnderTest) => {
      await chain.mine()
      const actor = await createActor(chain, user)
      await play({ chain, actor })
      return actor
    }

    const expected = await watch(anvil.confirming(confirmations))
    const actual = await watch(startModel({ ...anvil.terms, confirmations }))

    expect(expected.trace.length).toBeGreaterThan(0)
    expect(actual.trace).toEqual(expected.trace)
    for (const [index, { quoted, used }] of actual.gas.entries()) {
      expectAbout(quoted, expected.gas[index]?.quoted)
      expectAbout(used, expected.gas[index]?.used)
    }
  })
})

test('random lives are alike on the model and on anvil', async () => {
  await fc.assert(
    fc.asyncProperty(randomLives(anvil.terms.providers), async (steps) => {
      const user = randomAddress()

      const expected = await live(anvil.confirming(1), user, steps)
      const actual = await live(startModel({ ...anvil.terms, confirmations: 1 }), user, steps)

      expect(actual).toEqual(expected)
    }),
    // To shrink a counterexample takes longer than a test may.
    { numRuns: 10, endOnFailure: true },
  )
}, 120_000)

/** Gas need not be exact, but of the right size. */
function expectAbout(actual: bigint | undefined, expected: bigint | undefined): void {
  const ratio = Number(actual) / Number(expected)
  expect(ratio).toBeGreaterThan(0.75)
  expect(ratio).toBeLessThan(1.75)
}
