/** The id the 0G SDK knows as "hardhat". Never a real 0G id: what is signed here must be worthless there. */
export const chainId = 31337

export const testMnemonic = 'test test test test test test test test test test test junk'
