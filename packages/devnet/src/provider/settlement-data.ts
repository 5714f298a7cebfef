import { type Address, concatHex, type Hex, keccak256, type LocalAccount, toHex } from 'viem'
import { chainId } from '../chain/constants.ts'
import { contracts } from '../contracts/addresses.ts'
import { type Charge, feeOf } from './fee-book.ts'

export type Settlement = { requestsHash: Hex; nonce: bigint; provider: Address; user: Address; totalFee: bigint }

/** The EIP-712 message InferenceServing verifies; the verifying contract is the proxy. */
export function settlementTypedData(settlement: Settlement) {
  return {
    domain: { name: '0G Inference Serving', version: '1', chainId, verifyingContract: contracts.inference },
    types: {
      TEESettlement: [
        { name: 'requestsHash', type: 'bytes32' },
        { name: 'nonce', type: 'uint256' },
        { name: 'provider', type: 'address' },
        { name: 'user', type: 'address' },
        { name: 'totalFee', type: 'uint256' },
      ],
    },
    primaryType: 'TEESettlement',
    message: settlement,
  } as const
}

/** The settlement in the shape `settleFeesWithTEE` takes, signed by the TEE key. */
export async function signSettlement(teeSigner: LocalAccount, settlement: Settlement) {
  return { ...settlement, signature: await teeSigner.signTypedData(settlementTypedData(settlement)) }
}

/** keccak256 over request hash, user, fee, input fee and output fee of each request, as ASCII. */
export function hashRequests(user: Address, charges: Charge[]): Hex {
  const records = charges.map((charge) =>
    toHex(`${charge.requestHash}${user}${feeOf(charge)}${charge.inputFee}${charge.outputFee}`),
  )
  return keccak256(concatHex(records))
}
