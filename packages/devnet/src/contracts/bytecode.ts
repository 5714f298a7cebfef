import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type Hex, isHex } from 'viem'

const require = createRequire(import.meta.url)

export type ContractBytecode = { ledger: Hex; inference: Hex; beacon: Hex; beaconProxy: Hex }

/**
 * The creation code of the real 0G contracts, read from the installed SDK, and of the OpenZeppelin beacon proxies.
 * NOTE: the SDK does not export its factories by name; they are reached by absolute path.
 */
export function loadBytecode(): ContractBytecode {
  const sdk = dirname(require.resolve('@0gfoundation/0g-compute-ts-sdk'))
  return {
    ledger: loadFactory(join(sdk, 'ledger/contract/typechain/factories'), 'LedgerManager__factory'),
    inference: loadFactory(join(sdk, 'inference/contract/typechain/factories'), 'InferenceServing__factory'),
    beacon: toBytecode(require('@openzeppelin/contracts/build/contracts/UpgradeableBeacon.json'), 'UpgradeableBeacon'),
    beaconProxy: toBytecode(require('@openzeppelin/contracts/build/contracts/BeaconProxy.json'), 'BeaconProxy'),
  }
}

function loadFactory(folder: string, name: string): Hex {
  return toBytecode(require(join(folder, `${name}.js`))[name], name)
}

function toBytecode(source: { bytecode?: unknown } | undefined, name: string): Hex {
  if (!isHex(source?.bytecode) || source.bytecode.length < 4) throw new Error(`${name} holds no bytecode`)
  return source.bytecode
}
