import { setTimeout as wait } from 'node:timers/promises'
import type { Devnet } from '@dreamscape/devnet/devnet'
import { formatOg, parseOg } from '@dreamscape/protocol/money'
import { type Address, createWalletClient, type Hex, http, keccak256, parseAbi, toHex } from 'viem'
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import { deriveBrokerKey } from '../../chain/broker-signer.ts'
import { Secret } from '../../platform/secret.ts'
import { testSecret } from '../test-server.ts'
import type { Calls } from './calls.ts'
import type { Instance } from './instance.ts'
import type { Random } from './random.ts'

export const depositForAbi = parseAbi(['function depositFundFor(address recipient) payable'])

export type Dreamer = { index: number; account: PrivateKeyAccount; address: Address; brokerAddress: Address }

type Operation = keyof typeof weights
const weights = {
  analyze: 7,
  'analyze in parallel': 3,
  'analyze on both': 2,
  fund: 2,
  'fund on both': 3,
  'fund repeatedly': 2,
  'fund too much': 1,
  'fund twice at once': 2,
  balance: 2,
  'deposit for': 1,
  'pay directly': 1,
}

const models = ['llama', 'llama', 'deepseek'] as const
const images = ['a dark sea', 'my old school', 'a white bird', 'an endless staircase', 'my grandmother'] as const
const gasOg = '0.05'

export type Lives = ReturnType<typeof createLives>

/** Users, each with a key and a life of its own; all they choose follows from the seed. */
export function createLives(options: {
  devnet: Devnet
  calls: Calls
  instances: readonly [Instance, Instance]
  random: Random
  /** Waited for before each operation. */
  gate: () => Promise<void>
  /** Done far more often than the others. */
  favourite?: Operation | undefined
}) {
  const { devnet, calls, instances, random, gate, favourite } = options
  const odds = favourite ? { ...weights, [favourite]: 20 } : weights
  const dreamers: Dreamer[] = []
  const operations = new Map<string, number>()

  function beBorn(index: number) {
    const own = random.branch(index)
    const account = privateKeyToAccount(keccak256(toHex(`chaos ${own.int(0, 2 ** 31)} ${index}`)))
    const brokerKey = deriveBrokerKey(new Secret(testSecret), devnet.chainId, account.address)
    const brokerAddress = privateKeyToAccount(brokerKey).address
    const dreamer = { index, account, address: account.address, brokerAddress }
    dreamers.push(dreamer)
    return { own, ...dreamer }
  }

  /** One life: some operations, one after the other. */
  async function live(index: number, signal: AbortSignal): Promise<void> {
    const { own, account, address, brokerAddress } = beBorn(index)
    const wallet = createWalletClient({ account, chain: devnet.publicClient.chain, transport: http(devnet.rpcUrl) })
    await devnet.faucet(address, parseOg('1000'))

    const mined = (hash: Hex) => devnet.publicClient.waitForTransactionReceipt({ hash })
    const pay = async (og: string) => mined(await wallet.sendTransaction({ to: brokerAddress, value: parseOg(og) }))
    const amount = (fromTenths: number, toTenths: number) =>
      formatOg(BigInt(own.int(fromTenths, toTenths)) * 10n ** 17n)
    const signFund = (og: string) => calls.sign(account, { kind: 'fund', amount: og })
    const signAnalyze = () =>
      calls.sign(account, {
        kind: 'analyze',
        dreamText: `I dreamt of ${own.pick(images)} and of ${own.pick(images)}, for the ${own.int(1, 1_000_000)}th time.`,
        options: { model: own.pick(models), level: own.int(1, 7) },
      })
    const onBoth = async (call: Awaited<ReturnType<typeof signFund>>) => {
      await Promise.all(instances.map((instance) => calls.send(call, instance)))
      await calls.pursue(call, own)
    }

    const work: Record<Operation, () => Promise<unknown>> = {
      analyze: async () => calls.pursue(await signAnalyze(), own),
      'analyze in parallel': async () => {
        const signed = await Promise.all(Array.from({ length: own.int(2, 4) }, signAnalyze))
        await Promise.all(signed.map((call) => calls.pursue(call, own)))
      },
      'analyze on both': async () => onBoth(await signAnalyze()),
      async fund() {
        const og = amount(1, 30)
        await pay(og)
        await pay(gasOg)
        await calls.pursue(await signFund(og), own)
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
        for (let round = own.int(2, 3); round > 0; round -= 1) await calls.pursue(call, own)
      },
      'fund too much': async () => calls.pursue(await signFund('5000'), own),
      // Two orders of the same amount are two deposits.
      async 'fund twice at once'() {
        const og = amount(1, 10)
        await pay(og)
        await pay(og)
        const [first, second] = await Promise.all([signFund(og), signFund(og)])
        await Promise.all([calls.send(first, instances[0]), calls.send(second, instances[1])])
        await Promise.all([calls.pursue(first, own), calls.pursue(second, own)])
      },
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

    async function perform(name: string, run: () => Promise<unknown>): Promise<void> {
      await gate()
      if (signal.aborted) return
      operations.set(name, (operations.get(name) ?? 0) + 1)
      await run()
    }

    await perform('pay directly', () => pay('0.2'))
    await perform('init', async () => calls.pursue(await calls.sign(account, { kind: 'init' }), own))
    await perform('fund', async () => {
      const og = amount(30, 60)
      await pay(og)
      await calls.pursue(await signFund(og), own)
    })
    for (let left = own.int(5, 12); left > 0 && !signal.aborted; left -= 1) {
      const name = own.weighted(odds)
      await perform(name, work[name])
      await wait(own.int(0, 800))
    }
  }

  return {
    all: (): readonly Dreamer[] => dreamers,
    operations: (): ReadonlyMap<string, number> => operations,

    /** So many users at a time, a new one for each that ends, until `signal` aborts. */
    async populate(count: number, signal: AbortSignal): Promise<void> {
      let next = 0
      const lane = async () => {
        while (!signal.aborted) {
          next += 1
          await live(next, signal)
        }
      }
      await Promise.all(Array.from({ length: count }, lane))
    },
  }
}
