import fc from 'fast-check'
import type { Address } from 'viem'
import type { Intent } from '../../../../chain/broker-signer.ts'
import { type Actor, createActor, told } from './actor.ts'
import type { ChainUnderTest } from './chain-under-test.ts'
import { others } from './ledger-scenarios.ts'
import { day, og } from './scenario.ts'

/** One thing that happens, whether the contracts allow it or not. */
export type Step =
  | { do: 'send'; intent: Intent }
  | { do: 'refund-all' }
  | { do: 'settle'; provider: Address; fee: bigint }
  | { do: 'gift'; amount: bigint }
  | { do: 'wait'; seconds: number }

const amounts = fc.constantFrom(0n, 1n, og / 3n, og - 1n, og, 2n * og, 3n * og, 7n * og)

const waits = fc.constantFrom(1, 3_600, day - 3_600, day)

const toSettlement = (settlement: { provider: Address; fee: bigint }): Step => ({ do: 'settle', ...settlement })

/** Lives of an account with two providers that settle and one that does not. */
export function randomLives(providers: readonly [Address, Address]): fc.Arbitrary<Step[]> {
  const provider = fc.constantFrom(...providers, ...others.slice(0, 1))
  const send = (intent: fc.Arbitrary<Intent>) => intent.map((intent): Step => ({ do: 'send', intent }))
  const kind = <K extends Intent['kind']>(name: K) => fc.constant(name)
  return fc.array(
    fc.oneof(
      { weight: 2, arbitrary: send(fc.record({ kind: kind('deposit'), amount: amounts })) },
      { weight: 4, arbitrary: send(fc.record({ kind: kind('transfer'), provider, amount: amounts })) },
      { weight: 2, arbitrary: send(fc.record({ kind: kind('restore'), provider, amount: amounts })) },
      {
        weight: 5,
        arbitrary: send(fc.record({ kind: kind('retrieve'), providers: fc.array(provider, { maxLength: 3 }) })),
      },
      { weight: 2, arbitrary: send(fc.record({ kind: kind('refund'), amount: amounts })) },
      { weight: 1, arbitrary: fc.constant<Step>({ do: 'refund-all' }) },
      { weight: 3, arbitrary: fc.record({ provider: fc.constantFrom(...providers), fee: amounts }).map(toSettlement) },
      { weight: 1, arbitrary: amounts.map((amount): Step => ({ do: 'gift', amount })) },
      { weight: 3, arbitrary: waits.map((seconds): Step => ({ do: 'wait', seconds })) },
    ),
    { minLength: 10, maxLength: 25 },
  )
}

/** Lets the account live on a chain, from a first deposit on; only what changes or is refused is noted. */
export async function live(chain: ChainUnderTest, user: Address, steps: readonly Step[]): Promise<unknown[]> {
  await chain.mine()
  const actor = await createActor(chain, user)
  await chain.give(actor.broker, 100n * og)
  await attempt(chain, actor, { kind: 'deposit', amount: 9n * og })
  for (const provider of chain.providers) await attempt(chain, actor, { kind: 'transfer', provider, amount: 2n * og })
  for (const step of steps) await take(chain, actor, step)
  await actor.look('in the end')
  return actor.trace
}

async function take(chain: ChainUnderTest, actor: Actor, step: Step): Promise<void> {
  const { broker } = actor
  switch (step.do) {
    case 'send':
      return attempt(chain, actor, step.intent)
    case 'refund-all': {
      const { ledger } = await chain.reader.readAccount(broker)
      return attempt(chain, actor, { kind: 'refund', amount: ledger?.available ?? 0n })
    }
    case 'settle':
      await chain.settle({ provider: step.provider, broker, fee: step.fee })
      return chain.mine()
    case 'gift':
      await chain.depositFor(broker, step.amount)
      return chain.mine()
    case 'wait':
      return chain.passTime(step.seconds)
  }
}

async function attempt(chain: ChainUnderTest, actor: Actor, intent: Intent): Promise<void> {
  const { transactions, signer } = chain
  const result = await told(async () => {
    const { nonce, gas, fees } = await transactions.quote(actor.broker, signer.callOf(actor.user, intent))
    const { raw } = await actor.sign(intent, { nonce, gas, fees })
    return transactions.broadcast(raw)
  })
  await chain.mine()
  const { ledger, subAccounts } = await chain.reader.readAccount(actor.broker)
  actor.note(intent.kind, { result, ledger, balances: subAccounts.map(({ balance }) => balance) })
}
