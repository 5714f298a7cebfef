import { type Address, isAddressEqual, zeroAddress } from 'viem'
import { oneToken } from '../chain/network.ts'
import type { ChainAccount, ChainService, ChainState } from './chain-state.ts'
import type { FeeBook } from './fee-book.ts'
import { inStep, Refusal } from './refusal.ts'

export type Admission = ReturnType<typeof createAdmission>

/** What must stay locked besides the fees owed. Source: 0G provider broker, MIN_LOCKED. */
const minimumReserve = oneToken

/** A chat completion reserves nothing for itself. */
const chatFee = 0n

/** Decides whether the provider works for a user: account, acknowledgements, balance. */
export function createAdmission({ provider, chain, fees }: { provider: Address; chain: ChainState; fees: FeeBook }) {
  const check = async (user: Address): Promise<void> => {
    const [account, service] = await Promise.all([chain.findAccount(user), chain.getService()])
    checkAcknowledged(account, service, user)
    checkBalance(account, { unsettledFee: fees.unsettled(user), provider })
  }
  return {
    admit: (user: Address) => inStep('validate request', () => chain.withFreshRetry(user, () => check(user))),
    /** Refuses as if the whole locked balance were gone. */
    refuse: (user: Address) =>
      inStep('validate request', async () => {
        throw balanceRefusal({ locked: 0n, unsettledFee: fees.unsettled(user), provider })
      }),
  }
}

function checkAcknowledged(
  account: ChainAccount | undefined,
  service: ChainService,
  user: Address,
): asserts account is ChainAccount {
  if (!account) throw new Refusal(`get account from contract, account not exist: ${user}`)
  if (!account.acknowledged) {
    throw new Refusal(
      'user not acknowledge the provider, please use acknowledgeProviderSigner function in sdk first, it will take effect in 2 minutes',
    )
  }
  if (!service.teeSignerAcknowledged || isAddressEqual(service.teeSignerAddress, zeroAddress)) {
    throw new Refusal('service not acknowledge the tee signer')
  }
}

type Owed = { unsettledFee: bigint; provider: Address }

/** Locked balance >= unsettled fees + this request's fee + 1 0G; equality passes. */
function checkBalance(account: { balance: bigint; pendingRefund: bigint }, owed: Owed): void {
  const locked = account.balance - account.pendingRefund
  if (locked < owed.unsettledFee + chatFee + minimumReserve) throw balanceRefusal({ locked, ...owed })
}

function balanceRefusal({ locked, unsettledFee, provider }: Owed & { locked: bigint }): Refusal {
  const required = minimumReserve + unsettledFee + chatFee
  return new Refusal(
    `insufficient balance: your locked balance is ${show(locked)} 0G, but the required minimum is ${show(required)} 0G ` +
      `(breakdown: minimum reserve ${show(minimumReserve)} 0G + unsettled fees ${show(unsettledFee)} 0G + ` +
      `current request fee ${show(chatFee)} 0G). Please add more funds with: ` +
      `0g-compute-cli transfer-fund --provider ${provider} --amount ${show(required - locked)}`,
  )
}

/** 0G with six decimals. */
function show(neuron: bigint): string {
  const micro = neuron / 10n ** 12n
  return `${micro / 1_000_000n}.${String(micro % 1_000_000n).padStart(6, '0')}`
}
