import { formatOg, parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readChainBooks } from '../../testing/chain-books.ts'
import { dream } from '../../testing/dream.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { takeSnapshot } from '../../testing/snapshot.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'

let network: TestNetwork
let server: TestServer
beforeAll(async () => {
  network = await startTestNetwork()
  server = await startTestServer({ network })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await network.close()
})

describe('POST /api/broker/fund', () => {
  test('deposits what was sent and names the transaction', async () => {
    const user = await server.newUser()

    const answer = await user.fund('4')

    expect(answer).toMatchObject({ status: 200, body: { success: true, status: 'confirmed', newBalance: '4' } })
    const { publicClient, contracts } = network.devnet
    const transaction = await publicClient.getTransaction({ hash: answer.body.txHash })
    expect(transaction).toMatchObject({ from: user.brokerAddress.toLowerCase(), value: parseOg('4') })
    expect(transaction.to).toBe(contracts.ledger.toLowerCase())
    expect(await readChainBooks(network.devnet, user.brokerAddress)).toMatchObject({ total: parseOg('4'), nonce: 1 })
  })

  test.each(['4.0', '3.000000000000000000', '3.000000000000000001'])('takes %s as it was signed', async (amount) => {
    const user = await server.newUser()

    const answer = await user.fund(amount)

    expect(answer).toMatchObject({ status: 200, body: { newBalance: formatOg(parseOg(amount)) } })
  })

  test('takes less than the first minimum once there is a ledger', async () => {
    const user = await server.newUser({ deposit: '3' })

    const answer = await user.fund('0.000000000000000001')

    expect(answer).toMatchObject({ status: 200, body: { newBalance: '3.000000000000000001' } })
  })

  test('makes two different deposits of two requests at once', async () => {
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('8'))

    const answers = await Promise.all([user.requestFund('3'), user.requestFund('4')])

    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(await readChainBooks(network.devnet, user.brokerAddress)).toMatchObject({ total: parseOg('7'), nonce: 2 })
  })

  test.each([
    '0',
    '0.0',
    '-1',
    '1e3',
    '01',
    '1.0000000000000000001',
    'NaN',
    ' 1',
    'Infinity',
    '',
    '1.',
    '.5',
    '0x1',
    '１',
  ])('refuses the amount "%s"', async (amount) => {
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('5'))
    const before = await takeSnapshot(server, user)

    const answer = await user.requestFund(amount)

    const { errors } = expectProblem(answer, 'invalid-request')
    expect(errors).toMatchObject([{ path: 'amount' }])
    expect(await takeSnapshot(server, user)).toEqual(before)
  })

  test.each([[4], [null], [undefined], [['4']]])('refuses the amount %j, which is no string', async (amount) => {
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('5'))
    const before = await takeSnapshot(server, user)

    const answer = await user.requestFund('4', { fields: { amount } })

    expectProblem(answer, 'invalid-request')
    expect(await takeSnapshot(server, user)).toEqual(before)
  })

  test('refuses another amount than the signed one', async () => {
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('5'))
    const before = await takeSnapshot(server, user)

    const answer = await user.requestFund('4', { fields: { amount: '4.0' } })

    expectProblem(answer, 'signature-invalid')
    expect(await takeSnapshot(server, user)).toEqual(before)
  })

  test('refuses a first deposit below the minimum of the contract', async () => {
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('5'))
    const before = await takeSnapshot(server, user)

    const answer = await user.requestFund('2.999999999999999999')

    expect(expectProblem(answer, 'invalid-request')).toMatchObject({ minimumDeposit: '3' })
    expect(await takeSnapshot(server, user)).toEqual(before)
  })

  test('tells how much is missing when less has arrived, and works once that is paid', async () => {
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('1'))
    const body = await user.signFund('4')
    const before = await takeSnapshot(server, user)

    const refused = expectProblem(await server.post('/api/broker/fund', body), 'insufficient-funds')
    const after = await takeSnapshot(server, user)
    await user.payLink(String(refused.paymentUri))
    const answer = await server.post('/api/broker/fund', body)

    expect(refused).toMatchObject({
      available: '1',
      brokerAddress: user.brokerAddress,
      chainId: 31337,
      largestFundable: '0',
      paymentUri: `ethereum:${user.brokerAddress}@31337?value=${parseOg(String(refused.shortfall))}`,
    })
    expect(parseOg(String(refused.required))).toBe(parseOg('1') + parseOg(String(refused.shortfall)))
    expect(after).toEqual(before)
    expect(answer).toMatchObject({ status: 200, body: { newBalance: '4' } })
  })

  test('never takes the gas for the first analyses and for leaving', async () => {
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('4'))

    const refused = expectProblem(await user.requestFund('4'), 'insufficient-funds')
    const answer = await user.requestFund(String(refused.largestFundable))

    expect(answer.status).toBe(200)
    expect((await user.analyze(dream)).status).toBe(200)
  })
})
