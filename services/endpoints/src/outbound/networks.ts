import { MeshError } from '@plugmesh/sdk';
import { isIP } from 'node:net';
import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js';

/** What a setting's word stands for: names of IANA's special-purpose ranges; `unicast` is what is none of them. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  public: ['unicast'],
  private: ['private', 'uniqueLocal'],
  loopback: ['loopback'],
  'link-local': ['linkLocal'],
};

/** All that is routed in the Internet of IPv6; what lies outside has no name, and is not public. */
const GLOBAL_V6 = ipaddr.parseCIDR('2000::/3') as [IPv6, number];

/** Where clouds tell machines their credentials: no word opens these, only a network that is named. */
const METADATA: readonly string[] = [
  ...['168.63.129.16', '169.254.169.254', '169.254.170.2', '169.254.170.23'],
  ...['fd00:ec2::23', 'fd00:ec2::254', 'fd20:ce::254'],
];

type Network = [IPv4 | IPv6, number];

/** Which addresses may be connected to: `endpoints.allowed_networks`. */
export class AllowedNetworks {
  readonly #ranges: ReadonlySet<string>;
  readonly #networks: readonly Network[];

  /** Takes CIDRs and the words of the table. Throws MESH_CONFIG_INVALID for anything else. */
  constructor(allowed: readonly string[]) {
    this.#ranges = new Set(allowed.flatMap((word) => WORDS[word] ?? []));
    this.#networks = allowed.filter((word) => !(word in WORDS)).map(parseNetwork);
  }

  /** Whether an address, as `URL` or the resolver writes it, may be connected to. */
  allows(address: string): boolean {
    if (isIP(address) === 0) return false;
    // `::ffff:127.0.0.1` is 127.0.0.1 in other clothes.
    const parsed = ipaddr.process(address);
    if (this.#networks.some(([network, bits]) => isIn(parsed, network, bits))) return true;
    return !METADATA.includes(parsed.toString()) && this.#ranges.has(rangeOf(parsed));
  }
}

function rangeOf(address: IPv4 | IPv6): string {
  const range = address.range();
  const isUnknown = range === 'unicast' && address.kind() === 'ipv6' && !isIn(address, ...GLOBAL_V6);
  return isUnknown ? 'unknown' : range;
}

function isIn(address: IPv4 | IPv6, network: IPv4 | IPv6, bits: number): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}

function parseNetwork(text: string): Network {
  const [address = '', bits] = text.split('/');
  try {
    // The library also takes `10.1` for an address.
    if (isIP(address) === 0) throw new Error(`'${address}' is no address`);
    return bits === undefined ? oneAddress(ipaddr.parse(address)) : ipaddr.parseCIDR(text);
  } catch (cause) {
    throw new MeshError('MESH_CONFIG_INVALID', `'${text}' in allowed_networks is no network`, {
      cause,
      fix: `write a CIDR as 10.1.0.0/16, or one of ${Object.keys(WORDS).join(', ')}`,
    });
  }
}

function oneAddress(address: IPv4 | IPv6): Network {
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}
