/** Gas that may be needed, in units: what leaving costs always stays in the wallet, what entering costs comes on top. */
const exitGas = 1_600_000n
const entryGas = 1_200_000n

/** Kept in the broker wallet so that the user can always leave: 0.8 M gas at twice the price. In neuron. */
export function exitReserve(gasPrice: bigint): bigint {
  return exitGas * gasPrice
}

/** Needed on top of a deposit: its own gas, the first transfers to providers, and the exit reserve. In neuron. */
export function depositReserve(gasPrice: bigint): bigint {
  return entryGas * gasPrice + exitReserve(gasPrice)
}
