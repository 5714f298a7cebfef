/** Gas that may be needed, in units: what leaving costs always stays in the wallet, what entering costs comes on top. */
const exitGas = 1_600_000n

/** Leaving is that much dearer for each sub-account beyond the second. Measured: 200k + 296k gas each. */
const exitGasEach = 700_000n

const entryGas = 1_200_000n

/** Gas of a transfer to an address without code. */
const payoutGas = 21_000n

/**
 * Kept in the broker wallet so that the user can always leave: 0.8 M gas at twice the price, and more where there are more
 * than two sub-accounts. In neuron.
 */
export function exitReserve(gasPrice: bigint, subAccounts = 0): bigint {
  return (exitGas + exitGasEach * BigInt(Math.max(subAccounts - 2, 0))) * gasPrice
}

/** The most that it costs to pay out what is left in the wallet. In neuron. */
export function payoutPrice(gasPrice: bigint): bigint {
  return payoutGas * 2n * gasPrice
}

/** Needed on top of a deposit: its own gas, the first transfers to providers, and the exit reserve. In neuron. */
export function depositReserve(gasPrice: bigint, subAccounts = 0): bigint {
  return entryGas * gasPrice + exitReserve(gasPrice, subAccounts)
}
