import { setTimeout as wait } from 'node:timers/promises'
import type { Devnet } from '@dreamscape/devnet/devnet'
import { parseOg } from '@dreamscape/protocol/money'
import { createWalletClient, http } from 'viem'
import type { Db } from '../../database/connect.ts'
import { audit, checkBalance } from './audit.ts'
import { type Calls, isFinal } from './calls.ts'
import type { Dreamer } from './dreamer.ts'
import type { Violation } from './evidence.ts'
import type { Instance } from './instance.ts'
import type { Random } from './random.ts'
import type { Reckoning } from './reckoning.ts'
import type { Time } from './time.ts'

/** More lock times than any withdrawal can have to wait for. */
const lockTimes = 10

/** What was asked and never answered is asked again so often: it may begin what has to be brought to its end, too. */
const rounds = 4

const gasOg = '0.05'

/** Brings everything that was begun to its end, with nothing going wrong any more, and audits it. */
export async function judge(options: {
  devnet: Devnet
  db: Db
  instances: readonly [Instance, Instance]
  calls: Calls
  dreamers: readonly Dreamer[]
  time: Time
  reckoning: Reckoning
  random: Random
  shapelessAnswers: number
  onProgress: (line: string) => void
}): Promise<Violation[]> {
  const { devnet, db, instances, calls, dreamers, time, reckoning, random, shapelessAnswers, onProgress } = options

  /** The servers end by themselves what they have begun; a minute is far more than they need. */
  async function endTransactions(): Promise<void> {
    for (let attempt = 0; attempt < 120 && (await listOpenTransactions(db)).length > 0; attempt += 1) {
      await instances[0].work('resume')
      await wait(100)
    }
  }

  async function endWithdrawals(): Promise<void> {
    for (let attempt = 0; attempt < lockTimes; attempt += 1) {
      const open = await listOpenWithdrawals(db)
      if (open.length === 0) return
      for (const { user_address: user, waits_for: waitsFor } of open) {
        const dreamer = dreamers.find(({ address }) => address === user)
        if (dreamer && waitsFor === 'gas') await sendGas(devnet, dreamer)
      }
      await time.passLockTime()
      await instances[attempt % 2]?.work('resume')
      await endTransactions()
    }
  }

  await endTransactions()
  time.advance(reckoning.overdueMs)
  for (let round = 0; round < rounds; round += 1) {
    await endWithdrawals()
    const unanswered = calls.all().filter(({ answers }) => !answers.slice(-1).some(isFinal))
    if (unanswered.length === 0) break
    onProgress(`asking again for ${unanswered.length} answers`)
    await inTurns(unanswered, 8, (call) => calls.pursue(call, random, 20))
    await endTransactions()
  }
  onProgress('reconciling')
  for (let round = 0; round < 2; round += 1) await reckoning.reckon(instances)
  await devnet.settle()
  // Who looks at its account lets the servers see what was taken.
  await inTurns(dreamers, 8, ({ account }) => calls.balance(account, random.pick(instances)))
  for (let round = 0; round < 2; round += 1) await reckoning.reckon(instances)
  const answered = calls.all().filter(({ answers }) => answers.some(({ status }) => status === 200))
  onProgress(`asking again for ${answered.length} answers that were given`)
  await inTurns(answered, 16, (call) => calls.send(call, random.pick(instances)))
  onProgress('auditing')
  const found = await audit({ devnet, db, dreamers, calls: calls.all(), shapelessAnswers })
  const balances = await inTurns(dreamers, 8, async (dreamer) => {
    const answers = await Promise.all(instances.map((instance) => calls.balance(dreamer.account, instance)))
    return (await Promise.all(answers.map((answer) => checkBalance({ devnet, dreamer }, answer)))).flat()
  })
  return [...found, ...balances.flat()]
}

const listOpenTransactions = (db: Db) =>
  db.selectFrom('chain_transaction').select('id').where('state', 'in', ['prepared', 'broadcast', 'unknown']).execute()

const listOpenWithdrawals = (db: Db) =>
  db
    .selectFrom('withdrawal')
    .select(['user_address', 'waits_for'])
    .where('state', 'in', ['open', 'cancelling'])
    .execute()

async function sendGas({ publicClient, rpcUrl }: Devnet, { account, brokerAddress }: Dreamer): Promise<void> {
  const wallet = createWalletClient({ account, chain: publicClient.chain, transport: http(rpcUrl) })
  const hash = await wallet.sendTransaction({ to: brokerAddress, value: parseOg(gasOg) })
  await publicClient.waitForTransactionReceipt({ hash })
}

async function inTurns<T, R>(items: readonly T[], width: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const queue = [...items]
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) results.push(await work(item))
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results
}
