import type { Identity } from '@plugmesh/shared/identity';
import type { Log } from '@plugmesh/shared/log';
import type { ServerResponse } from 'node:http';
import type { Refusals } from '../http/refusals.ts';
import { Forwarder } from './forwarder.ts';
import { Proxy } from './proxy.ts';
import { Upgrader, type UpgraderParts } from './upgrader.ts';

/** What the way to instances is made of. */
export interface ProxyParts {
  readonly log: Log;
  readonly refusals: Refusals;
  /** Counts open WebSockets. */
  readonly sockets: UpgraderParts['sockets'];
  /** Ends a stream of events when the session or key ends that it was asked for with. */
  readonly follow: (identity: Identity, res: ServerResponse) => void;
  /** Whether the process is about to stop, so that connections should end. */
  readonly isDraining: () => boolean;
}

/** Ties the proxy to the two that it tells what becomes of requests and handshakes, and that send by it. */
export function createProxy({ log, refusals, sockets, follow, isDraining }: ProxyParts) {
  const forwarder: Forwarder = new Forwarder({
    log,
    proxy: () => proxy,
    refuse: (req, res, error, route) => refusals.answer(req, res, error, route),
    follow,
    isDraining,
  });
  const upgrader: Upgrader = new Upgrader({
    log,
    sockets,
    proxy: () => proxy,
    refuse: (req, socket, error, route) => refusals.answerOn(req, socket, error, route),
  });
  const proxy = new Proxy(forwarder, upgrader, log);
  return { forwarder, upgrader };
}
