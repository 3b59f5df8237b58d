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
      const address = plainAddress(socket.remoteAddress);
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
    const chain = addresses(headers['x-forwarded-for']);
    const proto = last(headers['x-forwarded-proto'])?.toLowerCase();
    const named = last(headers['x-forwarded-host']);
    const prefix = last(headers['x-forwarded-prefix'])?.replace(/\/$/, '') ?? '';
    return {
      address: chain.findLast((address) => !this.trusts(address)) ?? chain[0] ?? peer.address,
      for: [...chain, peer.address].join(', '),
      proto: proto === 'https' || proto === 'http' ? proto : peer.proto,
      host: named !== undefined && /^[\w.:[\]-]{1,255}$/.test(named) ? named : host,
      prefix: PREFIX.test(prefix) ? prefix : '',
    };
  }
}

function plainAddress(address: string | undefined): string {
  return address?.startsWith('::ffff:') === true ? address.slice(7) : (address ?? 'unknown');
}

function addresses(value: string | string[] | undefined): string[] {
  const parts = String(value ?? '').split(',');
  return parts.map((part) => part.trim()).filter((part) => isIP(part) !== 0);
}

function last(value: string | string[] | undefined): string | undefined {
  return value === undefined ? undefined : String(value).split(',').at(-1)?.trim();
}
