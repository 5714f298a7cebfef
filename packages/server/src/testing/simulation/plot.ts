import type { Random } from '../chaos/random.ts'
import type { Clients, Order } from './clients.ts'

const og = 10n ** 18n

/** What a life can do besides asking the service. */
export type Surroundings = {
  /** The user pays so much to the broker address. */
  payIn: (amount: bigint) => void
  /** The lock time passes at once. */
  passLockTime: () => void
  isWaitingForLock: () => boolean
  /** From now on the user's address takes no money, or takes it again. */
  setRefusing: (isRefusing: boolean) => void
}

/** One life: what a user does, in an order that the seed chooses. */
export async function play(deps: { clients: Clients; random: Random; surroundings: Surroundings }): Promise<void> {
  const { clients, random, surroundings } = deps
  const { sign, pursue, pause } = clients
  const tenths = (from: number, to: number) => (BigInt(random.int(from, to)) * og) / 10n

  async function fund(): Promise<void> {
    surroundings.payIn(tenths(80, 200))
    await pause(300)
    const orders = [sign('deposit', tenths(30, 60))]
    if (random.chance(0.2)) orders.push(sign('deposit', tenths(1, 30)))
    await Promise.all(orders.map((order) => pursue(order)))
  }

  async function dream(): Promise<void> {
    const orders = Array.from({ length: random.int(1, 2) }, () => sign('analyze', undefined))
    if (random.chance(0.5)) await Promise.all(orders.map((order) => pursue(order)))
    else for (const order of orders) await pursue(order)
  }

  async function interfere(): Promise<void> {
    const deed = random.weighted({ nothing: 4, analyze: 2, deposit: 2, cancel: 4, withdraw: 1, refuse: 2 })
    if (deed === 'analyze') await pursue(sign('analyze', undefined))
    if (deed === 'deposit') await pursue(sign('deposit', tenths(1, 20)))
    if (deed === 'cancel') await pursue(sign('cancel', undefined))
    if (deed === 'withdraw') await pursue(sign('withdraw', tenths(5, 20)))
    if (deed === 'refuse') {
      surroundings.setRefusing(true)
      await pause(random.int(100, 800))
      surroundings.setRefusing(false)
    }
  }

  async function withdraw(): Promise<void> {
    const order: Order = sign('withdraw', random.chance(0.6) ? undefined : tenths(5, 45) + BigInt(random.int(0, 9)))
    await Promise.all([pursue(order), random.chance(0.4) ? interfere() : undefined])
    if (random.chance(0.4)) await interfere()
    if (surroundings.isWaitingForLock() && random.chance(0.7)) await pursue(sign('cancel', undefined))
    if (surroundings.isWaitingForLock() && random.chance(0.8)) surroundings.passLockTime()
    await pause(random.int(100, 800))
    if (random.chance(0.4)) await pursue(order)
  }

  await fund()
  if (random.chance(0.45)) await dream()
  if (random.chance(0.4)) await withdraw()
  if (random.chance(0.08)) await (random.chance(0.5) ? fund() : dream())
  if (random.chance(0.05)) await withdraw()
}
