import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Contract, formatEther, HDNodeWallet, JsonRpcProvider, Mnemonic, parseEther, Wallet } from 'ethers'
import { type Answer, Frontend } from './frontend.ts'
import { startLocal } from './local.ts'

const usage = `npm run demo                   plays a frontend against a server of its own
npm run demo -- --url URL      plays it against a server on a local chain`

const dreams = [
  {
    model: 'llama',
    level: 2,
    text: 'I was walking along a river at night. The water rose slowly, and on the other bank my grandmother was calling me. I felt afraid at first, then strangely calm when a white bird landed on my hand.',
  },
  {
    model: 'deepseek',
    level: 1,
    text: 'I was back in my old school, late for an exam, and every door I opened led to another staircase. A black dog followed me, and I was anxious until it led me out into the garden.',
  },
]

const longDream =
  'I was on a ship made of paper, and it rained. Everybody whom I know sat below deck and sang. I tried to warn them, but I had no voice. Then the paper turned to wood under my hands, and a whale carried us to a harbour where my mother waited with a lamp.'

const ledgerAbi = [
  'function getLedger(address) view returns (tuple(address user, uint256 availableBalance, uint256 totalBalance, string additionalInfo))',
]
const testMnemonic = 'test test test test test test test test test test test junk'
const settlementTimeoutMs = 90_000

/** Plays one dreamer from an empty wallet to settled fees and back; throws when anything is not as promised. `settle` may hasten the providers. */
async function play(url: string, settle: () => Promise<unknown>): Promise<void> {
  const config = await fetchConfig(url)
  const chain = new JsonRpcProvider(config.rpcUrl, undefined, { pollingInterval: 50, cacheTimeout: -1 })
  try {
    const wallet = await makeDreamer(chain)
    const frontend = new Frontend({ url, signer: wallet, address: wallet.address })
    const ledger = new Contract(config.contracts.ledger, ledgerAbi, chain)

    step(`A dreamer connects a wallet: ${wallet.address}`)
    const init = await frontend.init()
    const brokerAddress = String(init.brokerAddress)
    show({ 'broker account': brokerAddress, status: init.status, 'first deposit from': `${init.minimumDeposit} OG` })

    step('Sends 4 OG and gas to the broker account, and signs "Fund 4.0 OG"')
    const value = parseEther('4') + (parseEther(config.gasReserve) * 5n) / 4n
    const payment = await wallet.sendTransaction({ to: brokerAddress, value })
    await payment.wait()
    const deposit = await frontend.fund('4.0')
    show({
      'payment tx': payment.hash,
      'deposit tx': deposit.txHash,
      status: deposit.status,
      balance: `${deposit.newBalance} OG`,
    })

    for (const { model, level, text } of dreams) {
      step(`Signs "Analyze dream", model ${model}, level ${level}`)
      console.log(indent(`"${text}"`))
      showAnalysis(await frontend.analyze(text, { model, level }))
    }

    step('Signs "Analyze dream", level 5, and reads the interpretation while it is written')
    console.log(indent(`"${longDream}"\n`))
    const { analysis, ...rest } = await frontend.analyzeAloud(longDream, { level: 5 }, createPrinter())
    console.log('\n')
    showAnalysis({ analysis, ...rest }, { isRead: true })

    step('Checks the balance before the providers settle on chain')
    const before = await frontend.balance()
    showBalance(before)

    step('Waits until the providers have taken their fees on chain, and checks again')
    await settle()
    const total = await settledTotal(ledger, { brokerAddress, expected: BigInt(String(before.balance)) })
    const after = await frontend.balance()
    showBalance(after)
    show({ 'contracts say': `${formatEther(total)} OG` })
    if (after.balance !== before.balance || after.balance !== total.toString()) {
      throw new Error('The reported balance is not what the contracts say')
    }
    const { available } = after.withdrawal as { available: string }
    step(`Takes back what is not locked for a provider: signs "Withdraw ${available} OG"`)
    const held = await chain.getBalance(wallet.address)
    const { withdrawal } = await frontend.withdraw(available, config.chainId)
    const { state, paid, txHash } = withdrawal as Answer
    const received = (await chain.getBalance(wallet.address)) - held
    show({ state, 'payout tx': txHash, paid: `${paid} OG`, 'in the wallet': `${formatEther(received)} OG` })
    if (state !== 'done' || received !== parseEther(available)) throw new Error('The withdrawal did not arrive')

    console.log('\nDone: what was reported as spent is what the providers took, and the rest came back, to the neuron.')
  } finally {
    chain.destroy()
  }
}

type Config = { rpcUrl: string; chainId: number; gasReserve: string; contracts: { ledger: string } }

async function fetchConfig(url: string): Promise<Config> {
  const response = await fetch(`${url}/api/config`, { signal: AbortSignal.timeout(10_000) })
  if (!response.ok) throw new Error(`${url}/api/config answered ${response.status}`)
  const config = (await response.json()) as Config
  if (config.chainId !== 31337)
    throw new Error('The demo pays with public test keys, so it plays on a local chain (31337) only')
  return config
}

/** A wallet nobody used before, paid by a public test account. */
async function makeDreamer(chain: JsonRpcProvider) {
  const dreamer = Wallet.createRandom(chain)
  const faucet = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(testMnemonic), "m/44'/60'/0'/0/9").connect(chain)
  const gift = await faucet.sendTransaction({ to: dreamer.address, value: parseEther('5') })
  await gift.wait()
  return dreamer
}

/** The ledger's total on chain once nothing is unsettled any more. */
async function settledTotal(ledger: Contract, options: { brokerAddress: string; expected: bigint }): Promise<bigint> {
  const until = Date.now() + settlementTimeoutMs
  for (;;) {
    const { totalBalance } = await ledger.getFunction('getLedger')(options.brokerAddress)
    if (totalBalance <= options.expected) return totalBalance
    if (Date.now() > until) throw new Error(`The providers have not settled within ${settlementTimeoutMs / 1_000} s`)
    await wait(250)
  }
}

function showAnalysis(answer: Answer, { isRead = false } = {}): void {
  const analysis = answer.analysis as Record<string, string | string[]>
  if (!isRead) console.log(indent(`\n${String(analysis.interpretation)}\n`))
  show({
    symbols: [analysis.symbols].flat().join(', '),
    emotions: [analysis.emotions].flat().join(', '),
    insights: [analysis.insights].flat().join(' · '),
    ...(analysis.themes && { themes: [analysis.themes].flat().join(', ') }),
    ...(analysis.reflectionQuestions && { 'to reflect on': [analysis.reflectionQuestions].flat().join(' · ') }),
    model: answer.model,
    provider: answer.provider,
    verification: answer.verification,
    cost: `${answer.cost} OG`,
    'left over': `${answer.remainingBalance} OG`,
  })
  if (answer.verification !== 'content')
    throw new Error(`The answer is not verified byte for byte: ${answer.verification}`)
}

function showBalance(balance: Answer): void {
  const { total } = balance.ledger as { total: string }
  show({ balance: `${balance.formatted} OG`, unsettled: `${balance.unsettled} OG`, 'ledger on chain': `${total} OG` })
}

/** Prints text as it comes, indented like everything else. */
function createPrinter(): (text: string) => void {
  let isAtStart = true
  return (text) => {
    const indented = text.replace(/\n(?=[^\n])/g, '\n   ')
    process.stdout.write(isAtStart ? `   ${indented}` : indented)
    isAtStart = false
  }
}

let steps = 0
function step(text: string): void {
  steps += 1
  console.log(`\n${steps}. ${text}`)
}

function show(fields: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(fields)) console.log(`   ${name.padEnd(20)}${value}`)
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '   ')
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { url: { type: 'string' } } })
  if (values.url) return play(values.url.replace(/\/$/, ''), async () => {})
  console.log('Starting a local 0G network and the service …')
  const local = await startLocal({ PORT: '0', DEVNET_RPC_PORT: '0', DATA_DIR: '' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void local.close())
  try {
    await play(local.server.url, local.devnet.settle)
  } finally {
    await local.close()
  }
}

try {
  await main()
} catch (error) {
  const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  console.error(
    isUsage ? `${error.message}\n\n${usage}` : `\nThe demo failed: ${error instanceof Error ? error.message : error}`,
  )
  process.exitCode = 1
}
