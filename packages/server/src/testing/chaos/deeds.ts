import { setTimeout as wait } from 'node:timers/promises'
import type { Devnet } from '@dreamscape/devnet/devnet'
import { formatOg, parseOg } from '@dreamscape/protocol/money'
import { createWalletClient, type Hex, http, parseAbi } from 'viem'
import { type Call, type Calls, waitingOf } from './calls.ts'
import type { Dreamer } from './dreamer.ts'
import type { Instance } from './instance.ts'
import type { Random } from './random.ts'
import { pause } from './weather.ts'

const depositForAbi = parseAbi(['function depositFundFor(address recipient) payable'])

/** What a user may do, and how often it does it. */
export const weights = {
  analyze: 7,
  'analyze in parallel': 3,
  'analyze on both': 2,
  fund: 2,
  'fund on both': 3,
  'fund repeatedly': 2,
  'fund too much': 1,
  'fund twice at once': 2,
  withdraw: 3,
  'withdraw all': 3,
  'withdraw on both': 2,
  'withdraw repeatedly': 2,
  'withdraw twice at once': 2,
  'withdraw and cancel': 3,
  'cancel on both': 1,
  balance: 2,
  'deposit for': 1,
  'pay directly': 1,
}

export type Deed = keyof typeof weights

const models = ['llama', 'llama', 'deepseek'] as const
const images = ['a dark sea', 'my old school', 'a white bird', 'an endless staircase', 'my grandmother'] as const
const gasOg = '0.05'

/** How long a user waits for its money before it goes on with something else. */
const visits = 20

/** What one user can do; all it chooses follows from `own`. */
export function createDeeds(options: {
  devnet: Devnet
  calls: Calls
  instances: readonly [Instance, Instance]
  dreamer: Dreamer
  own: Random
  signal: AbortSignal
}) {
  const { devnet, calls, instances, own, signal } = options
  const { account, brokerAddress } = options.dreamer
  const wallet = createWalletClient({ account, chain: devnet.publicClient.chain, transport: http(devnet.rpcUrl) })

  const mined = (hash: Hex) => devnet.publicClient.waitForTransactionReceipt({ hash })
  const pay = async (og: string) => mined(await wallet.sendTransaction({ to: brokerAddress, value: parseOg(og) }))
  const amount = (fromTenths: number, toTenths: number) => formatOg(BigInt(own.int(fromTenths, toTenths)) * 10n ** 17n)
  const signFund = (og: string) => calls.sign(account, { kind: 'fund', amount: og })
  const signWithdraw = (og: string) => calls.sign(account, { kind: 'withdraw', amount: og })
  const signCancel = () => calls.sign(account, { kind: 'cancel' })
  /** Some is there at once, some has to be waited for, and some is more than there is. */
  const someOrAll = () => (own.chance(0.3) ? 'all' : amount(1, 50))
  const signAnalyze = () =>
    calls.sign(account, {
      kind: 'analyze',
      dreamText: `I dreamt of ${own.pick(images)} and of ${own.pick(images)}, for the ${own.int(1, 1_000_000)}th time.`,
      options: { model: own.pick(models), level: own.int(1, 7) },
    })

  const pursue = (call: Call) => calls.pursue(call, own)
  const onBoth = async (call: Call) => {
    await Promise.all(instances.map((instance) => calls.send(call, instance)))
    return pursue(call)
  }
  const atOnce = async (first: Call, second: Call) => {
    await Promise.all([calls.send(first, instances[0]), calls.send(second, instances[1])])
    await Promise.all([pursue(first), pursue(second)])
  }

  async function deposit(): Promise<void> {
    const og = amount(30, 60)
    await pay(og)
    await pay(gasOg)
    await pursue(await signFund(og))
  }

  /** Comes back until the money is there, and sends gas if that is what is missing. */
  async function waitFor(call: Call): Promise<void> {
    for (let visit = 0; visit < visits && !signal.aborted; visit += 1) {
      const waiting = waitingOf(await pursue(call))
      if (!waiting) return
      if (waiting === 'gas') await pay(gasOg)
      await pause(own.int(500, 1_500), signal)
    }
  }

  const work: Record<Deed, () => Promise<unknown>> = {
    analyze: async () => pursue(await signAnalyze()),
    'analyze in parallel': async () => {
      const signed = await Promise.all(Array.from({ length: own.int(2, 4) }, signAnalyze))
      await Promise.all(signed.map(pursue))
    },
    'analyze on both': async () => onBoth(await signAnalyze()),
    async fund() {
      const og = amount(1, 30)
      await pay(og)
      await pay(gasOg)
      await pursue(await signFund(og))
    },
    async 'fund on both'() {
      const og = amount(1, 20)
      await pay(og)
      await onBoth(await signFund(og))
    },
    async 'fund repeatedly'() {
      const og = amount(1, 20)
      await pay(og)
      const call = await signFund(og)
      for (let round = own.int(2, 3); round > 0; round -= 1) await pursue(call)
    },
    'fund too much': async () => pursue(await signFund('5000')),
    // Two orders of the same amount are two deposits.
    async 'fund twice at once'() {
      const og = amount(1, 10)
      await pay(og)
      await pay(og)
      await atOnce(await signFund(og), await signFund(og))
    },
    async withdraw() {
      const call = await signWithdraw(amount(1, 50))
      await pursue(call)
      if (own.chance(0.5)) await waitFor(call)
    },
    async 'withdraw all'() {
      const call = await signWithdraw('all')
      await pursue(call)
      if (own.chance(0.7)) await waitFor(call)
      if (own.chance(0.7) && !signal.aborted) await deposit()
    },
    'withdraw on both': async () => onBoth(await signWithdraw(someOrAll())),
    async 'withdraw repeatedly'() {
      const call = await signWithdraw(someOrAll())
      for (let round = own.int(2, 3); round > 0; round -= 1) await pursue(call)
      await waitFor(call)
      for (let round = own.int(1, 2); round > 0; round -= 1) await pursue(call)
    },
    // Only one of them can be under way.
    'withdraw twice at once': async () => atOnce(await signWithdraw(someOrAll()), await signWithdraw(someOrAll())),
    async 'withdraw and cancel'() {
      const call = await signWithdraw(own.chance(0.5) ? 'all' : amount(20, 60))
      const cancel = await signCancel()
      const asked = own.chance(0.5) ? pursue(call) : calls.send(call, instances[0])
      await wait(own.int(0, 500))
      await calls.send(cancel, instances[1])
      await asked
      await Promise.all([pursue(cancel), pursue(call)])
    },
    'cancel on both': async () => onBoth(await signCancel()),
    balance: () => calls.balance(account, own.pick(instances)),
    async 'deposit for'() {
      const hash = await wallet.writeContract({
        address: devnet.contracts.ledger,
        abi: depositForAbi,
        functionName: 'depositFundFor',
        args: [brokerAddress],
        value: parseOg(amount(30, 40)),
      })
      await mined(hash)
    },
    'pay directly': () => pay(amount(1, 5)),
  }

  return { work, pay, deposit, init: async () => pursue(await calls.sign(account, { kind: 'init' })) }
}
