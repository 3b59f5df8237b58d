import type { MeshError } from '@plugmesh/sdk';
import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { AllowedNetworks } from './networks.ts';
import { refused } from './target.ts';

/** Finds all addresses of a host name, as `lookup` of `node:dns/promises` does. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

/** Lets through only addresses that may be connected to. */
export class GuardedLookup {
  readonly #networks: AllowedNetworks;
  readonly #resolve: Resolve;

  constructor(networks: AllowedNetworks, resolve: Resolve) {
    this.#networks = networks;
    this.#resolve = resolve;
  }

  /** The addresses of a host that may be connected to. Rejects with MESH_ENDPOINT_REFUSED when there is none. */
  async addressesOf(hostname: string): Promise<readonly LookupAddress[]> {
    this.checkLiteral(hostname);
    const found = await this.#resolve(bare(hostname));
    const allowed = found.filter(({ address }) => this.#networks.allows(address));
    if (allowed.length > 0) return allowed;
    throw outside(`'${hostname}' leads to an address`);
  }

  /** Node asks no lookup for a host that is an address already. Throws MESH_ENDPOINT_REFUSED. */
  checkLiteral(hostname: string): void {
    const address = bare(hostname);
    if (isIP(address) === 0 || this.#networks.allows(address)) return;
    throw outside(`'${address}' is`);
  }

  /** For `net.connect`: what is found here is what is connected to, so that a name cannot change in between. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.addressesOf(hostname).then(
      (addresses) => {
        const [first = { address: '', family: 4 }] = addresses;
        if (options.all === true) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error as NodeJS.ErrnoException, ''),
    );
  };
}

function outside(what: string): MeshError {
  return refused(`${what} outside endpoints.allowed_networks`, {
    fix: "the operator opens a network in 'allowed_networks' of [plugins.endpoints.config]",
  });
}

/** As `URL` writes it, an IPv6 address stands in brackets. */
function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
