import { type BrokerSigner, createBrokerSigner } from './chain/broker-signer.ts'
import { createChainClient, identifyChain } from './chain/client.ts'
import { type Contracts, contractsOf, publicRpcUrlOf } from './chain/contracts.ts'
import { type ChainReader, type ChainTerms, createChainReader } from './chain/reader.ts'
import { createTransactions, type Transactions } from './chain/transactions.ts'
import type { Settings } from './config/env.ts'
import { connectPostgres, type Database, type Db, openEmbedded } from './database/connect.ts'
import { ensureDeployment } from './database/deployment.ts'
import { migrate, migratePostgres } from './database/migrate.ts'
import { createDispatcher } from './features/analysis/dispatcher.ts'
import { createAnalysisService } from './features/analysis/service.ts'
import { deriveBodyKey } from './features/auth/body-key.ts'
import { createAuthService } from './features/auth/service.ts'
import { createReconciliation } from './features/broker/reconciliation.ts'
import { createReservationStore, type ReservationStore } from './features/broker/reservation-store.ts'
import { createReservations } from './features/broker/reservations.ts'
import { createBrokerService } from './features/broker/service.ts'
import { createSessions } from './features/broker/sessions.ts'
import { createUnsettledSource } from './features/broker/unsettled.ts'
import { createLane } from './features/funding/lane.ts'
import { createFundingService } from './features/funding/service.ts'
import { createJournalStore, type JournalStore } from './features/funding/store.ts'
import { createHealthService } from './features/health/service.ts'
import { createCatalogue } from './features/models/catalogue.ts'
import { createProviderHealth } from './features/models/health.ts'
import { createSchemaSupport } from './features/models/schema-support.ts'
import { createModelsService } from './features/models/service.ts'
import { createStatementService } from './features/statement/service.ts'
import { createUsageService } from './features/usage/service.ts'
import { createWithdrawalService } from './features/withdrawals/service.ts'
import { createWithdrawalStore, type WithdrawalStore } from './features/withdrawals/store.ts'
import { createBackground } from './platform/background.ts'
import { type Checkpoint, passCheckpoint } from './platform/checkpoint.ts'
import { type Clock, systemClock } from './platform/clock.ts'
import { AppError, StartupError } from './platform/errors.ts'
import type { Log } from './platform/log.ts'
import { createSignatureVerifier } from './platform/signature/verifier.ts'
import { createChatClient } from './provider/chat.ts'
import { createProviderAgent, isAcceptableProviderUrl } from './provider/guarded-agent.ts'
import { fetchModelParameters } from './provider/model-parameters.ts'
import { fetchResponseSignature } from './provider/response-signature.ts'
import { fetchUnsettledFee } from './provider/unsettled-fee.ts'

/** How long an analysis may take beyond its deadline, to be proved, booked and answered. */
const graceMs = 30_000

/** A local chain mines a block per transaction; elsewhere a reorganisation of three blocks is outlived. */
const defaultConfirmations = (chainId: number) => (chainId === 31337 ? 1 : 4)

export type Context = Awaited<ReturnType<typeof createContext>>

/** What a test may put in place of an adapter. */
export type Seams = {
  checkpoint?: Checkpoint
  signerOf?: (signer: BrokerSigner, transactions: Transactions) => BrokerSigner
  journalOf?: (db: Db) => JournalStore
  reservationsOf?: (db: Db) => ReservationStore
  withdrawalsOf?: (db: Db) => WithdrawalStore
}

/** Builds everything once, in the order of dependency; `close` ends it in reverse. Throws `StartupError`. */
export async function createContext(options: { settings: Settings; log: Log; clock?: Clock; seams?: Seams }) {
  const { settings, log, clock = systemClock, seams = {} } = options
  const { checkpoint = passCheckpoint, journalOf = createJournalStore } = seams
  const { reservationsOf = createReservationStore, withdrawalsOf = createWithdrawalStore } = seams
  const {
    CHAIN_ID: chainId,
    COMPUTE_RPC_URL: rpcUrl,
    CONFIRMATIONS: confirmations = defaultConfirmations(chainId),
  } = settings
  const contracts = contractsOf(chainId, { ledger: settings.LEDGER_CONTRACT, inference: settings.INFERENCE_CONTRACT })
  const client = createChainClient(rpcUrl)
  const genesisHash = await identifyChain(client, { chainId, rpcUrl })
  const reader = createChainReader({ client, contracts, confirmations })
  const transactions = createTransactions({ client, confirmations, maxGasPrice: settings.MAX_GAS_PRICE })
  const terms = await readTerms(reader, contracts)
  const { BROKER_SECRET: secret } = settings
  const ownSigner = createBrokerSigner({ secret, chainId, contracts, serviceName: terms.serviceName })
  const signer = seams.signerOf?.(ownSigner, transactions) ?? ownSigner
  const verifier = await createSignatureVerifier()
  log.info({ kind: verifier.tier, chainId }, 'signature check chosen')

  const { db, close: closeDatabase } = await openDatabase(settings)
  try {
    await (settings.DATABASE_URL ? migratePostgres(settings.DATABASE_URL) : migrate(db))
    await ensureDeployment(db, { chainId, genesisHash, secretFingerprint: signer.fingerprint })
  } catch (error) {
    await closeDatabase()
    throw error instanceof AppError
      ? new StartupError('DATABASE_URL does not answer: check that Postgres runs and lets us in', { cause: error })
      : error
  }

  const background = createBackground({ log })
  const allowLoopback = settings.ALLOW_LOOPBACK_PROVIDERS
  const agent = createProviderAgent({ allowLoopback })
  const deadlineMs = settings.ANALYSIS_DEADLINE_SECONDS * 1_000

  const auth = createAuthService({
    verifier,
    db,
    clock,
    leaseMs: deadlineMs + 60_000,
    bodyKey: deriveBodyKey(secret),
    checkpoint,
  })
  const catalogue = createCatalogue({
    reader,
    log,
    policy: {
      allowlist: settings.PROVIDER_ALLOWLIST,
      maxInputPrice: settings.MAX_PRICE_INPUT,
      maxOutputPrice: settings.MAX_PRICE_OUTPUT,
      acceptUrl: (url) => isAcceptableProviderUrl(url, { allowLoopback }),
    },
  })
  const providerHealth = createProviderHealth({ db, clock })
  const models = createModelsService({
    catalogue,
    health: providerHealth,
    defaultModel: settings.DEFAULT_MODEL,
    isDeepseekEnabled: settings.ENABLE_DEEPSEEK,
  })
  const schemas = createSchemaSupport({
    catalogue,
    fetchParameters: (service) => fetchModelParameters({ agent, ...service, signal: clock.deadline(deadlineMs) }),
    clock,
    log,
  })
  const sessions = createSessions({ signer, reader, clock })
  const unsettledOf = createUnsettledSource({
    catalogue,
    sessions,
    brokerAddress: signer.brokerAddress,
    fetchFee: (request) => fetchUnsettledFee({ agent, ...request }),
  })
  const broker = createBrokerService({ db, reader, signer, unsettledOf, clock, reservationsOf })
  const reservations = createReservations({ db, clock, storeOf: reservationsOf })
  const lane = createLane({ db, signer, transactions, reader, broker, chainId, clock, log, checkpoint, journalOf })
  const funding = createFundingService({
    db,
    lane,
    health: providerHealth,
    broker,
    transactions,
    terms,
    chainId,
    background,
    clock,
    journalOf,
  })
  const withdrawals = createWithdrawalService({
    db,
    lane,
    signer,
    reader,
    transactions,
    broker,
    terms,
    chainId,
    clock,
    log,
    checkpoint,
    withdrawalsOf,
  })
  const dispatcher = createDispatcher({
    verifier,
    broker,
    funding,
    reservations,
    sessions,
    health: providerHealth,
    schemas,
    chat: createChatClient({ agent, clock }),
    fetchSignature: (request) => fetchResponseSignature({ agent, ...request }),
    clock,
    log,
    checkpoint,
  })
  const analyses = createAnalysisService({
    db,
    auth,
    broker,
    reservations,
    funding,
    models,
    schemas,
    dispatcher,
    usage: createUsageService({ clock }),
    clock,
    log,
    deadlineMs,
    requiredVerification: settings.REQUIRE_VERIFICATION,
    checkpoint,
  })
  const statements = createStatementService({ db })
  const healthChecks = createHealthService({ db, reader, catalogue, health: providerHealth })
  const reconciliation = createReconciliation({
    db,
    reader,
    broker,
    unsettledOf,
    health: providerHealth,
    clock,
    log,
    checkpoint,
    storeOf: reservationsOf,
  })

  await providerHealth.refresh()
  background.run('resume transactions', lane.resume)
  background.run('read services', async () => {
    await catalogue.refresh()
    await schemas.refresh()
  })
  background.every(10_000, 'follow transactions', lane.resume)
  background.every(10_000, 'carry on withdrawals', withdrawals.resume)
  background.every(30_000, 'refresh services', catalogue.refresh)
  background.every(30_000, 'refresh schema support', schemas.refresh)
  background.every(30_000, 'refresh quarantine', providerHealth.refresh)
  background.every(30_000, 'reconcile', reconciliation.run)
  background.every(3_600_000, 'prune answers', auth.prune)

  /** The longest that a run, or the answer to it, may take. */
  const drainMs = deadlineMs + graceMs

  const drain = () => auth.close(drainMs)

  async function end(): Promise<void> {
    await drain()
    lane.stop()
    await background.close()
    // What it still holds is past its time.
    await agent.destroy()
    await closeDatabase()
  }
  let ending: Promise<void> | undefined

  return {
    chainId,
    drainMs,
    publicRpcUrl: settings.PUBLIC_RPC_URL ?? publicRpcUrlOf(chainId, rpcUrl),
    contracts,
    terms,
    clock,
    log,
    db,
    transactions,
    auth,
    broker,
    funding,
    withdrawals,
    catalogue,
    models,
    schemas,
    analyses,
    statements,
    healthChecks,
    reconciliation,
    resumeTransactions: lane.resume,
    /** Lets no signed request start and waits for those that run. */
    drain,
    /** Drains, then closes everything; once, however often it is called. */
    close(): Promise<void> {
      ending ??= end()
      return ending
    },
  }
}

async function readTerms(reader: ChainReader, { ledger, inference }: Contracts): Promise<ChainTerms> {
  return reader.readTerms().catch((error: unknown) => {
    throw new StartupError(
      `The 0G contracts do not answer at ${ledger} and ${inference}: check CHAIN_ID, LEDGER_CONTRACT and INFERENCE_CONTRACT`,
      { cause: error },
    )
  })
}

async function openDatabase({ DATABASE_URL: url, DATA_DIR: dataDir }: Settings): Promise<Database> {
  if (url) return connectPostgres(url)
  if (dataDir) return openEmbedded(dataDir)
  throw new StartupError('Set DATABASE_URL or DATA_DIR')
}
