import { BlockList, isIP } from 'node:net'

/** IANA special-purpose IPv4 ranges: nothing in them is a stranger's server. */
const specialIpv4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]

/** Forms that carry an IPv4 address in their last 32 bits: IPv4-mapped, and NAT64 where DNS64 makes IPv4 reachable. */
const embeddingPrefixes = ['::ffff:', '64:ff9b::']

/** IETF assignments (Teredo and benchmarking among them), documentation, 6to4. */
const specialIpv6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']

const ipv4Special = subnets(specialIpv4)
/** Everything else in IPv6 (unique local, link-local, multicast, IPv4-compatible, …) is not public. */
const ipv6Routable = subnets(['2000::/3', ...embeddingPrefixes.map((prefix) => `${prefix}0.0.0.0/96`)])
const ipv6Special = subnets([...specialIpv6, ...specialIpv4.flatMap(embeddings)])
const loopback = subnets(['127.0.0.0/8', '::1/128', '::ffff:127.0.0.0/104'])

/** Whether a literal IP address is one that anybody on the internet could own. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !ipv4Special.check(address, 'ipv4')
    case 6:
      return ipv6Routable.check(address, 'ipv6') && !ipv6Special.check(address, 'ipv6')
    default:
      return false
  }
}

export function isLoopbackAddress(address: string): boolean {
  return isIP(address) !== 0 && loopback.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
}

function embeddings(ipv4Subnet: string): string[] {
  const [network = '', bits = ''] = ipv4Subnet.split('/')
  return embeddingPrefixes.map((prefix) => `${prefix}${network}/${96 + Number(bits)}`)
}

function subnets(list: string[]): BlockList {
  const blockList = new BlockList()
  for (const subnet of list) {
    const [network = '', bits = ''] = subnet.split('/')
    blockList.addSubnet(network, Number(bits), network.includes(':') ? 'ipv6' : 'ipv4')
  }
  return blockList
}
