import { type Local, startLocal } from './local.ts'

/** `npm run dev`: a local 0G network and the service on top of it, with nothing to configure. Ends with Ctrl-C. */
async function main(): Promise<void> {
  console.log('Starting a local 0G network and the service …')
  const local = await startLocal()
  console.log(describe(local))
  let isStopping = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (isStopping) return
      isStopping = true
      console.log('\nStopping …')
      void local.close()
    })
  }
}

function describe({ devnet, server, dataDir, llmUrl }: Local): string {
  const [user] = devnet.userAccounts
  return `
Dreamscape Compute Provider is ready.

  API          ${server.url}
  Chain        ${devnet.rpcUrl}  (chain id ${devnet.chainId})
${devnet.providers.map(({ model, url }) => `  Provider     ${url}  ${model}`).join('\n')}
  Data         ${dataDir ?? 'fresh, gone when this ends (set DATA_DIR to keep it)'}

${llmUrl ? `The providers answer with the language model at ${llmUrl}.` : 'The providers answer with a small deterministic dream reader, not with a language model (DEVNET_LLM_URL changes that).'}

Try it
  curl ${server.url}/api/ai/models
  curl ${server.url}/api/health/ready
  npm run demo -- --url ${server.url}      a whole session: init, fund, analyze, settle

A wallet can use this chain: RPC ${devnet.rpcUrl}, chain id ${devnet.chainId}. Accounts 2 to 9 of the public test mnemonic
"test test test test test test test test test test test junk" hold 10,000 OG each, for example ${user?.address}.

Ctrl-C ends everything.`
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
