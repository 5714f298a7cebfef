import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { chromium } from 'playwright-core'
import { parseEther } from 'viem'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestNetwork, type TestNetwork } from './testing/test-network.ts'
import { startTestServer } from './testing/test-server.ts'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']

let network: TestNetwork
beforeAll(async () => {
  network = await startTestNetwork()
})
afterAll(() => network[Symbol.asyncDispose]())

// Without a browser the test is skipped: install chromium (Debian: `apt-get install chromium`) to run it.
test.skipIf(!executablePath)('a page of another origin funds an account and has a dream analysed', async () => {
  await using site = await startSite()
  await using server = await startTestServer({
    network,
    settings: { CORS_ORIGINS: [site.origin], PUBLIC_RPC_URL: network.devnet.rpcUrl },
  })
  const privateKey = generatePrivateKey()
  await network.devnet.faucet(privateKeyToAddress(privateKey), parseEther('10'))
  const browser = await chromium.launch({ executablePath: executablePath ?? '', args: quiet })

  try {
    const page = await browser.newPage()
    await page.goto(`${site.origin}/?api=${encodeURIComponent(server.url)}`)
    await page.waitForFunction('window.play')
    const seen = await page.evaluate(`window.play('${privateKey}')`)

    expect(seen).toMatchObject({
      init: { status: 200, body: { success: true, status: 'awaiting-deposit' } },
      fund: { status: 200, body: { success: true, newBalance: '4', status: 'confirmed' } },
      analyze: { status: 200, body: { success: true, verification: 'content' } },
      balance: { status: 200, body: { currency: 'OG' } },
      refused: { status: 400, body: { success: false, code: 'invalid-request' } },
    })
    expect(seen).toHaveProperty('analyze.requestId', expect.stringMatching(/^[\w-]{10,}$/))
  } finally {
    await browser.close()
  }
})

test.skipIf(!executablePath)('a page of an origin that is not allowed gets nothing', async () => {
  await using site = await startSite()
  await using server = await startTestServer({ network, settings: { CORS_ORIGINS: ['https://app.example'] } })
  const browser = await chromium.launch({ executablePath: executablePath ?? '', args: quiet })

  try {
    const page = await browser.newPage()
    await page.goto(site.origin)
    const outcome = page.evaluate(`fetch('${server.url}/api/ai/models').then(() => 'read', () => 'refused')`)

    await expect(outcome).resolves.toBe('refused')
  } finally {
    await browser.close()
  }
})

/** The frontend's own server: a page, its script, and ethers as it is published for browsers. */
async function startSite() {
  const here = import.meta.dirname
  const ethers = join(dirname(createRequire(import.meta.url).resolve('ethers')), '../dist/ethers.min.js')
  const files = new Map([
    ['/page.js', await readFile(join(here, 'testing/browser/page.js'))],
    ['/ethers.js', await readFile(ethers)],
  ])
  const server = createServer((request, response) => {
    const script = files.get(request.url ?? '')
    response.setHeader('Content-Type', script ? 'text/javascript' : 'text/html')
    response.end(script ?? '<!doctype html><title>A frontend</title><script type="module" src="/page.js"></script>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
