import { expect, test } from 'vitest'
import { fetchResponseSignature } from './response-signature.ts'
import { jsonReply, type Reply, startStranger } from './testing/stranger.ts'

const signed = { text: 'a:b', signature: '0x12', signing_address: '0x34' }
const missed = { error: 'Chat id not found or expired, chat_id_not_found' }

test('asks for the chat id and the model, escaped', async () => {
  await using stranger = await startStranger(jsonReply(200, { ...signed, signing_algo: 'ecdsa' }))

  const outcome = await fetch(stranger, { chatId: 'a/../b', model: 'meta/llama 3' })

  expect(outcome.signature).toEqual(signed)
  expect(outcome.waits).toEqual([])
  expect(stranger.received.map(({ url }) => url)).toEqual(['/v1/proxy/signature/a%2F..%2Fb?model=meta%2Fllama%203'])
})

test('waits for a signature that comes late', async () => {
  await using stranger = await startStranger((response, call) =>
    jsonReply(stranger.received.length < 3 ? 400 : 200, stranger.received.length < 3 ? missed : signed)(response, call),
  )

  expect(await fetch(stranger)).toEqual({ signature: signed, waits: [100, 300] })
})

test.each([
  ['is missing', jsonReply(400, missed)],
  ['has another shape', jsonReply(200, { text: 5 })],
  ['comes with an error status', jsonReply(500, signed)],
  ['is huge', jsonReply(200, { ...signed, padding: 'x'.repeat(100_000) })],
  ['is cut off', ((response) => void response.destroy()) satisfies Reply],
])('gives up after four tries when the signature %s', async (_case, reply) => {
  await using stranger = await startStranger(reply)

  expect(await fetch(stranger)).toEqual({ signature: undefined, waits: [100, 300, 900] })
  expect(stranger.received).toHaveLength(4)
})

test('stops as soon as it is given up', async () => {
  const abort = new AbortController()
  await using stranger = await startStranger(() => abort.abort())

  expect(await fetch(stranger, { signal: abort.signal })).toEqual({ signature: undefined, waits: [] })
  expect(stranger.received).toHaveLength(1)
})

type Stranger = Awaited<ReturnType<typeof startStranger>>
type Options = Partial<Parameters<typeof fetchResponseSignature>[0]>

async function fetch({ agent, baseUrl }: Stranger, options: Options = {}) {
  const waits: number[] = []
  const wait = async (delayMs: number) => waits.push(delayMs)
  const { signal } = new AbortController()
  const signature = await fetchResponseSignature({ agent, baseUrl, chatId: 'c', model: 'm', signal, wait, ...options })
  return { signature, waits }
}
