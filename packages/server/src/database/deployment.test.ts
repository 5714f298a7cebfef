import { describe, expect, test } from 'vitest'
import { StartupError } from '../platform/errors.ts'
import { describeOnDatabases } from '../testing/describe-on-databases.ts'
import { type Deployment, ensureDeployment } from './deployment.ts'

const deployment: Deployment = { chainId: 16602, genesisHash: '0xgenesis', secretFingerprint: 'fingerprint' }

describeOnDatabases('a database', (db) => {
  describe('that belongs to a deployment', () => {
    test('takes it again, also from several at once', async () => {
      await Promise.all([1, 2, 3].map(() => ensureDeployment(db(), deployment)))

      await expect(ensureDeployment(db(), deployment)).resolves.toBeUndefined()
    })

    test.each([
      ['chain id', { chainId: 16661 }, 'belongs to chain 16602, but CHAIN_ID is 16661'],
      ['chain of the same id', { genesisHash: '0xother' }, 'its first block is 0xgenesis, here it is 0xother'],
      ['secret', { secretFingerprint: 'other' }, 'BROKER_SECRET is not the one this database was made with'],
    ])('refuses another %s', async (_what, other, reason) => {
      await ensureDeployment(db(), deployment)

      const refused = ensureDeployment(db(), { ...deployment, ...other })

      await expect(refused).rejects.toThrow(StartupError)
      await expect(refused).rejects.toThrow(reason)
    })
  })
})
