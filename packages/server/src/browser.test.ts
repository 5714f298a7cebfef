import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { chromium } from 'playwright-core'
import { parseEther } from 'viem'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { readTestSettings } from './config/env.ts'
import { chromiumPath, howToInstallChromium } from './testing/browser/chromium.ts'
import { startTestNetwork, type TestNetwork } from './testing/test-network.ts'
import { startTestServer } from './testing/test-server.ts'

const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']

let network: TestNetwork
beforeAll(async () => {
  network = await startTestNetwork()
})
afterAll(() => network[Symbol.asyncDispose]())

beforeEach(({ skip }) => {
  skip(!chromiumPath && !readTestSettings().CI, howToInstallChromium)
})

test('a page of another origin funds an account and has a dream analysed', async () => {
  await using site = await startSite()
  await using server = await startTestServer({
    network,
    settings: { CORS_ORIGINS: [site.origin], PUBLIC_RPC_URL: network.devnet.rpcUrl },
  })
  const privateKey = generatePrivateKey()
  await network.devnet.faucet(privateKeyToAddress(privateKey), parseEther('10'))
  await using browser = await startBrowser()
  const page = await browser.open(`${site.origin}/?api=${encodeURIComponent(server.url)}`)

  const seen = await page.evaluate(`window.play('${privateKey}')`)

  expect(seen).toMatchObject({
    init: { status: 200, body: { success: true, status: 'awaiting-deposit' } },
    fund: { status: 200, body: { success: true, newBalance: '4', status: 'confirmed' } },
    analyze: { status: 200, body: { success: true, verification: 'content' } },
    balance: { status: 200, body: { currency: 'OG' } },
    refused: { status: 400, body: { success: false, code: 'invalid-request' } },
  })
  expect(seen).toHaveProperty('analyze.requestId', expect.stringMatching(/^[\w-]{10,}$/))
})

test('a page of another origin reads with signed headers, after a preflight, and is told when to come back', async () => {
  await using site = await startSite()
  await using server = await startTestServer({ network, settings: { CORS_ORIGINS: [site.origin] } })
  const { privateKey } = await server.newUser()
  await using browser = await startBrowser()
  const page = await browser.open(`${site.origin}/?api=${encodeURIComponent(server.url)}`)
  const readBalance = () => page.evaluate(`window.readBalance('${privateKey}', ${server.clock.now()})`)

  const answered = await readBalance()
  await server.rpc.goDown()
  const refused = await readBalance()

  expect(answered).toMatchObject({ status: 200, body: { balance: '0' }, retryAfter: null })
  expect(refused).toMatchObject({ status: 503, body: { code: 'chain-unavailable' } })
  expect(refused).toHaveProperty('retryAfter', expect.stringMatching(/^\d+$/))
  expect(server.logged('request').slice(0, 2)).toMatchObject([
    { method: 'OPTIONS', status: 204 },
    { method: 'GET', status: 200 },
  ])
})

test('a page of an origin that is not allowed gets nothing', async () => {
  await using site = await startSite()
  await using server = await startTestServer({ network, settings: { CORS_ORIGINS: ['https://app.example'] } })
  await using browser = await startBrowser()
  const page = await browser.open(site.origin)

  const outcome = await page.evaluate(`fetch('${server.url}/api/ai/models').then(() => 'read', () => 'refused')`)

  expect(outcome).toBe('refused')
})

async function startBrowser() {
  if (!chromiumPath) throw new Error(howToInstallChromium)
  const browser = await chromium.launch({ executablePath: chromiumPath, args: quiet })
  return {
    /** A page whose script has run. */
    async open(url: string) {
      const page = await browser.newPage()
      await page.goto(url)
      await page.waitForFunction('window.play')
      return page
    },
    [Symbol.asyncDispose]: () => browser.close(),
  }
}

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
