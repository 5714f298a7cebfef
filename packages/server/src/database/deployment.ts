import { StartupError } from '../platform/errors.ts'
import type { Db } from './connect.ts'

export type Deployment = { chainId: number; genesisHash: string; secretFingerprint: string }

/**
 * Ties the database to one chain and one BROKER_SECRET at its first start. Throws `StartupError` when it belongs to
 * others: a journal of another chain would be replayed, and a mistyped secret would give everyone a new, empty account.
 */
export async function ensureDeployment(db: Db, deployment: Deployment): Promise<void> {
  await db
    .insertInto('deployment')
    .values({
      id: 1,
      chain_id: deployment.chainId,
      genesis_hash: deployment.genesisHash,
      secret_fingerprint: deployment.secretFingerprint,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const known = await db.selectFrom('deployment').selectAll().executeTakeFirstOrThrow()
  if (known.chain_id !== deployment.chainId) {
    throw new StartupError(
      `This database belongs to chain ${known.chain_id}, but CHAIN_ID is ${deployment.chainId}: use a database of its own for each chain`,
    )
  }
  if (known.genesis_hash !== deployment.genesisHash) {
    throw new StartupError(
      `This database belongs to another chain with the id ${known.chain_id}: its first block is ${known.genesis_hash}, here it is ${deployment.genesisHash}. Use an empty database, or the chain it was made with`,
    )
  }
  if (known.secret_fingerprint !== deployment.secretFingerprint) {
    throw new StartupError(
      'BROKER_SECRET is not the one this database was made with: every user would get another, empty account. Put the first one back',
    )
  }
}
