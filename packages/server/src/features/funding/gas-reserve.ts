/** Gas that may be needed, in units: what leaving costs always stays in the wallet, what entering costs comes on top. */
const exitGas = 1_600_000n
const entryGas = 1_200_000n

/** Gas of a transfer to an address without code. */
const payoutGas = 21_000n

/** Kept in the broker wallet so that the user can always leave: 0.8 M gas at twice the price. In neuron. */
export function exitReserve(gasPrice: bigint): bigint {
  return exitGas * gasPrice
}

/** The most that it costs to pay out what is left in the wallet. In neuron. */
export function payoutPrice(gasPrice: bigint): bigint {
  return payoutGas * 2n * gasPrice
}

/** Needed on top of a deposit: its own gas, the first transfers to providers, and the exit reserve. In neuron. */
export function depositReserve(gasPrice: bigint): bigint {
  return entryGas * gasPrice + exitReserve(gasPrice)
}
