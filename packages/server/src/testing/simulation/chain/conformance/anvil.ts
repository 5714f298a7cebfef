import { inferenceAbi } from '@dreamscape/devnet/contracts/abi'
import { type Devnet, startDevnet } from '@dreamscape/devnet/devnet'
import { signSettlement } from '@dreamscape/devnet/provider/settlement-data'
import { createProviderSpecs } from '@dreamscape/devnet/provider/spec'
import { type Address, createWalletClient, encodeFunctionData, type Hex, http, type LocalAccount, parseAbi } from 'viem'
import { createBrokerSigner } from '../../../../chain/broker-signer.ts'
import { createChainClient } from '../../../../chain/client.ts'
import { createChainReader } from '../../../../chain/reader.ts'
import { createTransactions } from '../../../../chain/transactions.ts'
import { Secret } from '../../../../platform/secret.ts'
import type { Payee } from '../execution.ts'
import type { ChainUnderTest } from './chain-under-test.ts'

const maxGasPrice = 10n ** 12n

const giftAbi = parseAbi(['function depositFundFor(address recipient) payable'])

/** A real chain with the real contracts behind the real adapters, in which time stands still between blocks. */
export async function startAnvil() {
  const devnet = await startDevnet()
  const { testClient, publicClient, contracts, chainId } = devnet
  const client = createChainClient(devnet.rpcUrl)
  const terms = await createChainReader({ client, contracts, confirmations: 1 }).readTerms()
  const secret = new Secret('0f'.repeat(32))
  const specs = createProviderSpecs()
  const [first, second] = specs.map(({ wallet }) => wallet.address)
  if (!first || !second) throw new Error('The devnet has fewer than two providers')
  await testClient.setAutomine(false)
  let seconds = Number((await publicClient.getBlock()).timestamp)
  let settlements = BigInt(Date.now())

  async function passTime(later: number): Promise<void> {
    seconds += later
    await testClient.request<Mine>({ method: 'evm_mine', params: [{ timestamp: seconds }] })
  }

  const confirming = (confirmations: number): ChainUnderTest => ({
    confirmations,
    reader: createChainReader({ client, contracts, confirmations }),
    transactions: createTransactions({ client, confirmations, maxGasPrice }),
    signer: createBrokerSigner({ secret, chainId, contracts, serviceName: terms.serviceName }),
    providers: [first, second],
    passTime,
    async mine(blocks = 1) {
      for (let count = 0; count < blocks; count += 1) await passTime(1)
    },
    give: devnet.faucet,
    setBaseFee: (baseFeePerGas) => testClient.setNextBlockBaseFeePerGas({ baseFeePerGas }),
    evict: (hash) => testClient.dropTransaction({ hash }),
    reorganise: async (depth) =>
      void (await testClient.request<Reorganise>({ method: 'anvil_reorg', params: [depth, []] })),
    setPayee: (user, payee) => testClient.setCode({ address: user, bytecode: codeOf(payee) }),

    async depositFor(broker, amount) {
      const [giver] = devnet.userAccounts
      if (!giver) throw new Error('The devnet has no users')
      const data = encodeFunctionData({ abi: giftAbi, functionName: 'depositFundFor', args: [broker] })
      await send(devnet, giver, { to: contracts.ledger, value: amount, data })
    },

    async settle({ provider, broker, fee }) {
      const spec = specs.find(({ wallet }) => wallet.address === provider)
      if (!spec) throw new Error(`${provider} has no service`)
      settlements += 1n
      const signed = await signSettlement(spec.teeSigner, {
        requestsHash: `0x${'12'.repeat(32)}`,
        nonce: settlements,
        provider,
        user: broker,
        totalFee: fee,
      })
      const data = encodeFunctionData({ abi: inferenceAbi, functionName: 'settleFeesWithTEE', args: [[signed]] })
      await send(devnet, spec.wallet, { to: contracts.inference, value: 0n, data })
    },
  })

  return {
    confirming,
    terms: {
      minimumDeposit: terms.minimumDeposit,
      minimumTransfer: terms.minimumTransfer,
      lockTimeMs: terms.lockTimeSeconds * 1_000,
      providers: [first, second] as const,
    },
    close: devnet.close,
  }
}

type Mine = { Method: 'evm_mine'; Parameters: [{ timestamp: number }]; ReturnType: string }

type Reorganise = { Method: 'anvil_reorg'; Parameters: [number, never[]]; ReturnType: null }

async function send(
  { rpcUrl }: Devnet,
  account: LocalAccount,
  call: { to: Address; value: bigint; data: Hex },
): Promise<void> {
  const wallet = createWalletClient({ account, transport: http(rpcUrl) })
  await wallet.sendTransaction({ chain: null, ...call, gas: 1_000_000n, maxFeePerGas: maxGasPrice })
}

/** A contract that takes money, refuses it, or writes something down whenever it gets some. */
function codeOf(payee: Payee): Hex {
  if (payee === 'plain') return '0x'
  return payee === 'refusing' ? '0x60006000fd' : '0x60016000555a00'
}
