import { createHash } from 'node:crypto'
import type { Address } from 'viem'

/**
 * A quote in the shape of dstack that agrees with itself: the signer in the report data, the compose file in the event
 * log. There is no TEE here and the quote proves nothing.
 */
export function createQuote(teeSigner: Address) {
  const appCompose = JSON.stringify({ name: 'dreamscape-devnet', runner: 'none', docker_compose_file: 'services: {}' })
  const composeHash = createHash('sha256').update(appCompose).digest('hex')
  const eventLog = [{ imr: 3, event_type: 134_217_729, digest: '', event: 'compose-hash', event_payload: composeHash }]
  return {
    quote: '',
    event_log: JSON.stringify(eventLog),
    report_data: Buffer.from(teeSigner).toString('base64'),
    vm_config: '{}',
    tcb_info: JSON.stringify({ app_compose: appCompose, compose_hash: composeHash, event_log: eventLog }),
  }
}
