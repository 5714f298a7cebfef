import type { Devnet } from '@dreamscape/devnet/devnet'
import { parseEther, Wallet } from 'ethers'

export type Account = Awaited<ReturnType<typeof openAccount>>

/** A user of the service at `url` with 15 0G in the ledger. */
export async function openAccount({ url, devnet }: { url: string; devnet: Devnet }) {
  const wallet = Wallet.createRandom()
  let timestamp = Date.now()

  async function sign(message: (timestamp: number) => string) {
    timestamp = Math.max(timestamp + 1, Date.now())
    return { address: wallet.address, timestamp, signature: await wallet.signMessage(message(timestamp)) }
  }

  async function post(path: string, body: object): Promise<Record<string, unknown>> {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as Record<string, unknown>
  }

  const init = await post('/api/broker/init', await sign((at) => `Initialize 0G Broker for ${wallet.address} at ${at}`))
  const brokerAddress = String(init.brokerAddress) as `0x${string}`
  await devnet.faucet(brokerAddress, parseEther('20'))
  const fund = await sign((at) => `Fund 15.0 OG for ${wallet.address} at ${at}`)
  await post('/api/broker/fund', { ...fund, amount: '15.0' })

  return {
    address: wallet.address,
    brokerAddress,
    /** The body of a request, signed. */
    signAnalyze: async (dreamText: string, options: object = { model: 'llama' }): Promise<string> =>
      JSON.stringify({
        ...(await sign((at) => `Analyze dream for ${wallet.address} at ${at}`)),
        dreamText,
        options,
      }),
  }
}
