import { lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { Agent, buildConnector } from 'undici'
import { isLoopbackAddress, isPublicAddress } from './public-address.ts'

type AddressRule = (address: string) => boolean

const connectTimeoutMs = 5_000
/** Between two signs of life of a provider; the deadline of a whole call is its signal's. */
const silenceTimeoutMs = 120_000
const connectionsPerProvider = 64
const maxUrlLength = 2_000

/**
 * The agent for URLs that come from strangers: https to public addresses only, checked on every connection against the
 * very addresses it uses, so that a name cannot be re-pointed in between. Follows no redirects, retries nothing.
 * `allowLoopback` adds http and https to this machine, for local networks.
 */
export function createProviderAgent({ allowLoopback }: { allowLoopback: boolean }): Agent {
  return new Agent({
    connect: createConnector({ allowLoopback }),
    connections: connectionsPerProvider,
    pipelining: 1,
    keepAliveTimeout: 20_000,
    keepAliveMaxTimeout: 60_000,
    headersTimeout: silenceTimeoutMs,
    bodyTimeout: silenceTimeoutMs,
  })
}

/** The base URL without trailing slash, or undefined when a provider must not be called there. */
export function isAcceptableProviderUrl(url: string, options: { allowLoopback: boolean }): string | undefined {
  if (url.length > maxUrlLength || /[?#]/.test(url) || !URL.canParse(url)) return undefined
  const { protocol, hostname, username, password, origin, pathname } = new URL(url)
  if (username !== '' || password !== '') return undefined
  const rule = addressRule(protocol, options)
  if (!rule) return undefined
  const host = bareHost(hostname)
  if (isIP(host) !== 0 ? !rule(host) : isLocalName(host) ? !options.allowLoopback : protocol !== 'https:') {
    return undefined
  }
  return `${origin}${pathname}`.replace(/\/+$/, '')
}

function createConnector(options: { allowLoopback: boolean }): buildConnector.connector {
  const connectors = new Map<string, { rule: AddressRule; connect: buildConnector.connector }>()
  for (const protocol of ['https:', 'http:']) {
    const rule = addressRule(protocol, options)
    if (!rule) continue
    const connect = buildConnector({ timeout: connectTimeoutMs, allowH2: false, lookup: createLookup(rule) })
    connectors.set(protocol, { rule, connect })
  }
  return (target, callback) => {
    const connector = connectors.get(target.protocol)
    const host = bareHost(target.hostname)
    // Node looks no literal address up, so the lookup below would never see it.
    if (!connector || (isIP(host) !== 0 && !connector.rule(host))) {
      queueMicrotask(() => callback(new AddressRefusedError(), null))
      return
    }
    connector.connect(target, callback)
  }
}

/** Which addresses a protocol may reach; undefined when it is not spoken at all. */
function addressRule(protocol: string, { allowLoopback }: { allowLoopback: boolean }): AddressRule | undefined {
  if (protocol === 'https:') {
    return allowLoopback ? (address) => isPublicAddress(address) || isLoopbackAddress(address) : isPublicAddress
  }
  return protocol === 'http:' && allowLoopback ? isLoopbackAddress : undefined
}

function createLookup(rule: AddressRule): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, [])
      const [first] = addresses
      if (!first || !addresses.every(({ address }) => rule(address))) return callback(new AddressRefusedError(), [])
      if (options.all) return callback(null, addresses)
      callback(null, first.address, first.family)
    })
  }
}

function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '')
}

function isLocalName(host: string): boolean {
  return /^(.+\.)?localhost\.?$/.test(host)
}

class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError'
  readonly code = 'ADDRESS_REFUSED'

  constructor() {
    super('The provider is not at a public address')
  }
}
