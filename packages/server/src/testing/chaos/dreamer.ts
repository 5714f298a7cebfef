import { type Address, keccak256, toHex } from 'viem'
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import { deriveBrokerKey } from '../../chain/broker-signer.ts'
import { Secret } from '../../platform/secret.ts'
import { testSecret } from '../test-server.ts'
import type { Random } from './random.ts'

/** A user, and the broker account that is its own. */
export type Dreamer = { index: number; account: PrivateKeyAccount; address: Address; brokerAddress: Address }

/** Its keys follow from what `own` draws. */
export function createDreamer({ index, own, chainId }: { index: number; own: Random; chainId: number }): Dreamer {
  const account = privateKeyToAccount(keccak256(toHex(`chaos ${own.int(0, 2 ** 31)} ${index}`)))
  const brokerKey = deriveBrokerKey(new Secret(testSecret), chainId, account.address)
  return { index, account, address: account.address, brokerAddress: privateKeyToAccount(brokerKey).address }
}
