// A frontend of another origin: its wallet never leaves the page, everything else is fetch.
import { JsonRpcProvider, parseEther, Wallet } from '/ethers.js'

const api = new URLSearchParams(location.search).get('api')

async function call(path, { headers = {}, body } = {}) {
  const response = await fetch(api + path, {
    method: body ? 'POST' : 'GET',
    headers: { ...headers, ...(body ? { 'Content-Type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const seen = { requestId: response.headers.get('X-Request-Id'), retryAfter: response.headers.get('Retry-After') }
  return { status: response.status, body: await response.json(), ...seen }
}

window.readBalance = async (privateKey, timestamp) => {
  const wallet = new Wallet(privateKey)
  const signature = await wallet.signMessage(`Check balance for ${wallet.address} at ${timestamp}`)
  return call(`/api/broker/balance/${wallet.address}`, {
    headers: { 'X-Signature': signature, 'X-Timestamp': String(timestamp) },
  })
}

window.play = async (privateKey) => {
  const { body: config } = await call('/api/config')
  const chain = new JsonRpcProvider(config.rpcUrl, config.chainId, { staticNetwork: true, pollingInterval: 50 })
  const wallet = new Wallet(privateKey, chain)
  const { address } = wallet
  // The server's clock counts; a wallet's may be wrong.
  let timestamp = config.serverTime
  const sign = async (textOf) => {
    timestamp += 1
    return { address, timestamp, signature: await wallet.signMessage(textOf(timestamp)) }
  }

  const init = await call('/api/broker/init', {
    body: await sign((at) => `Initialize 0G Broker for ${address} at ${at}`),
  })
  const value = parseEther('4') + 2n * parseEther(config.gasReserve)
  await (await wallet.sendTransaction({ to: init.body.brokerAddress, value })).wait()
  const fund = await call('/api/broker/fund', {
    body: { ...(await sign((at) => `Fund 4.0 OG for ${address} at ${at}`)), amount: '4.0' },
  })
  const analyze = await call('/api/ai/analyze', {
    body: {
      ...(await sign((at) => `Analyze dream for ${address} at ${at}`)),
      dreamText: 'I was flying over the sea, and I was not afraid.',
    },
  })
  timestamp += 1
  const balance = await window.readBalance(privateKey, timestamp)
  const refused = await call('/api/ai/analyze', { body: { address } })
  chain.destroy()
  return { init, fund, analyze, balance, refused }
}
