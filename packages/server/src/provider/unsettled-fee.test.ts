import { expect, test } from 'vitest'
import { jsonReply, type Reply, startStranger } from './testing/stranger.ts'
import { fetchUnsettledFee } from './unsettled-fee.ts'

const user = '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC'

test('reads the fee exactly and shows the token', async () => {
  await using stranger = await startStranger(
    jsonReply(200, { userAddress: user, unsettledFee: '123456789012345678901' }),
  )

  expect(await fetch(stranger)).toBe(123456789012345678901n)
  expect(stranger.received).toEqual([
    expect.objectContaining({
      method: 'GET',
      url: `/v1/user/${user}/unsettledfee`,
      headers: expect.objectContaining({ authorization: 'Bearer app-sk-x' }),
    }),
  ])
})

test.each([
  ['a number', jsonReply(200, { unsettledFee: 5 })],
  ['negative', jsonReply(200, { unsettledFee: '-5' })],
  ['hexadecimal', jsonReply(200, { unsettledFee: '0x5' })],
  ['a fraction', jsonReply(200, { unsettledFee: '0.5' })],
  ['empty', jsonReply(200, { unsettledFee: '' })],
  ['missing', jsonReply(200, {})],
  ['refused', jsonReply(400, { error: 'validate session: session token expired', unsettledFee: '5' })],
  ['cut off', ((response) => void response.destroy()) satisfies Reply],
])('is provider-unavailable when the fee is %s', async (_case, reply) => {
  await using stranger = await startStranger(reply)

  await expect(fetch(stranger)).rejects.toMatchObject({ name: 'AppError', code: 'provider-unavailable' })
})

function fetch({ agent, baseUrl }: Awaited<ReturnType<typeof startStranger>>) {
  return fetchUnsettledFee({ agent, baseUrl, bearer: 'app-sk-x', user, signal: new AbortController().signal })
}
