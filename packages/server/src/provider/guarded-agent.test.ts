import { describe, expect, test } from 'vitest'
import { createProviderAgent, isAcceptableProviderUrl } from './guarded-agent.ts'
import { startStranger } from './testing/stranger.ts'

describe('the agent for strangers', () => {
  test.each([
    'https://127.0.0.1',
    'https://[::1]',
    'https://[::ffff:127.0.0.1]',
    'https://[::ffff:7f00:1]',
    'https://localhost',
    'https://2130706433',
    'https://0x7f.1',
    'http://127.0.0.1',
    'http://localhost',
  ])('opens no connection to %s', async (origin) => {
    await using stranger = await startStranger((response) => {
      response.end()
    })
    const agent = createProviderAgent({ allowLoopback: false })

    const request = agent.request({ origin: `${origin}:${stranger.port}`, path: '/', method: 'GET' })

    await expect(request).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' })
    expect(stranger.connectionCount()).toBe(0)
    await agent.destroy()
  })

  test.each([
    'https://169.254.169.254',
    'https://10.0.0.1',
    'https://[fc00::1]',
    'https://[fe80::1]',
    'http://1.1.1.1',
    'http://example.com',
  ])('refuses %s', async (origin) => {
    const agent = createProviderAgent({ allowLoopback: false })

    const request = agent.request({ origin, path: '/', method: 'GET' })

    await expect(request).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' })
    await agent.destroy()
  })

  test.each([
    'https://10.0.0.1',
    'https://169.254.169.254',
    'http://10.0.0.1',
    'http://1.1.1.1',
    'http://[::ffff:a00:1]',
  ])('refuses %s even where loopback is allowed', async (origin) => {
    const agent = createProviderAgent({ allowLoopback: true })

    const request = agent.request({ origin, path: '/', method: 'GET' })

    await expect(request).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' })
    await agent.destroy()
  })

  test.each(['127.0.0.1', 'localhost'])('reaches http://%s where loopback is allowed', async (host) => {
    await using stranger = await startStranger((response) => {
      response.end('hello')
    })

    const { body } = await stranger.agent.request({
      origin: `http://${host}:${stranger.port}`,
      path: '/',
      method: 'GET',
    })

    expect(await body.text()).toBe('hello')
  })

  test('follows no redirect', async () => {
    await using stranger = await startStranger((response) => {
      response.writeHead(307, { location: '/elsewhere' }).end()
    })

    const { statusCode, body } = await stranger.agent.request({ origin: stranger.baseUrl, path: '/', method: 'POST' })
    await body.dump()

    expect(statusCode).toBe(307)
    expect(stranger.received).toHaveLength(1)
  })
})

describe('the URL of a provider', () => {
  test.each([
    ['https://example.com', 'https://example.com'],
    ['https://EXAMPLE.com:443/', 'https://example.com'],
    ['https://example.com:8443/prefix//', 'https://example.com:8443/prefix'],
    ['https://1.1.1.1/a/../b', 'https://1.1.1.1/b'],
    ['https://[2606:4700:4700::1111]/', 'https://[2606:4700:4700::1111]'],
  ])('%s is taken as %s', (url, base) => {
    expect(isAcceptableProviderUrl(url, { allowLoopback: false })).toBe(base)
    expect(isAcceptableProviderUrl(url, { allowLoopback: true })).toBe(base)
  })

  test.each([
    ['http://127.0.0.1:3000/', 'http://127.0.0.1:3000'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
    ['https://localhost', 'https://localhost'],
  ])('%s is taken only where loopback is allowed', (url, base) => {
    expect(isAcceptableProviderUrl(url, { allowLoopback: true })).toBe(base)
    expect(isAcceptableProviderUrl(url, { allowLoopback: false })).toBeUndefined()
  })

  test.each([
    'http://example.com',
    'http://1.1.1.1',
    'https://user@example.com',
    'https://:secret@example.com',
    'https://example.com/?a=b',
    'https://example.com/?',
    'https://example.com/#a',
    'https://10.0.0.1',
    'https://169.254.169.254',
    'https://[fc00::1]',
    'https://[::ffff:10.0.0.1]',
    'ftp://example.com',
    'file:///etc/passwd',
    'example.com',
    '',
    `https://example.com/${'a'.repeat(2_000)}`,
  ])('%s is never taken', (url) => {
    expect(isAcceptableProviderUrl(url, { allowLoopback: true })).toBeUndefined()
    expect(isAcceptableProviderUrl(url, { allowLoopback: false })).toBeUndefined()
  })
})
