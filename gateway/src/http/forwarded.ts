import { createBlockList } from '@plugmesh/shared/config';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP, type BlockList, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** The other end of a connection. */
export interface Peer {
  /** IP address, IPv4 in its plain form. */
  readonly address: string;
  /** It lies in `gateway.trusted_proxies`, so that its `X-Forwarded-*` are believed. */
  readonly trusted: boolean;
  readonly proto: 'http' | 'https';
}

/** Where a request came from, as told to plugins. */
export interface Origin {
  /** The client's address. */
  readonly address: string;
  /** The same, then the trusted proxies that it came by, with commas between. */
  readonly for: string;
  readonly proto: string;
  readonly host: string;
  /** The path under which a proxy serves the whole mesh, `/live`; empty: none. */
  readonly prefix: string;
}

/** A path of plain segments, so that nothing that is put before it becomes another host or goes up. */
const PREFIX = /^(?=.{1,255}$)(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/;

/** Knows the peers: each connection is looked at once. */
export class PeerBook {
  readonly #trusted: BlockList;
  readonly #peers = new WeakMap<Socket, Peer>();

  constructor(trustedProxies: readonly string[]) {
    this.#trusted = createBlockList(trustedProxies);
  }

  of(socket: Socket): Peer {
    let peer = this.#peers.get(socket);
    if (!peer) {
      const address = plainAddress(socket.remoteAddress ?? 'unknown');
      const encrypted = (socket as Partial<TLSSocket>).encrypted === true;
      peer = { address, trusted: this.trusts(address), proto: encrypted ? 'https' : 'http' };
      this.#peers.set(socket, peer);
    }
    return peer;
  }

  trusts(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#trusted.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }

  /** What `X-Forwarded-*` will say; the client's own words count only when the peer is a trusted proxy. */
  origin(peer: Peer, headers: IncomingHttpHeaders): Origin {
    const host = headers.host ?? '';
    if (!peer.trusted)
      return { address: peer.address, for: peer.address, proto: peer.proto, host, prefix: '' };
    const way = this.#wayOf(addresses(headers['x-forwarded-for']));
    const proto = last(headers['x-forwarded-proto'])?.toLowerCase();
    const named = last(headers['x-forwarded-host']);
    const prefix = last(headers['x-forwarded-prefix'])?.replace(/\/$/, '') ?? '';
    return {
      address: way[0] ?? peer.address,
      for: [...way, peer.address].join(', '),
      proto: proto === 'https' || proto === 'http' ? proto : peer.proto,
      host: named !== undefined && /^[\w.:[\]-]{1,255}$/.test(named) ? named : host,
      prefix: PREFIX.test(prefix) ? prefix : '',
    };
  }

  /** From the client on: what stands before the last address that is not trusted, the client has made up. */
  #wayOf(chain: readonly string[]): readonly string[] {
    return chain.slice(
      Math.max(
        0,
        chain.findLastIndex((address) => !this.trusts(address)),
      ),
    );
  }
}

/** One spelling of IPv4 addresses, also of those mapped into IPv6 (RFC 4291 § 2.5.5.2). */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=[\d.]+$)/i, '');
}

function addresses(value: string | string[] | undefined): string[] {
  const parts = String(value ?? '').split(',');
  return parts.map((part) => plainAddress(part.trim())).filter((part) => isIP(part) !== 0);
}

function last(value: string | string[] | undefined): string | undefined {
  return value === undefined ? undefined : String(value).split(',').at(-1)?.trim();
}
