import type { Duplex } from 'node:stream';
import type { GatewayRequest } from '../http/gateway-request.ts';
import type { Route } from '../routes/route.ts';
import type { UpstreamInstance } from '../upstream/instance.ts';
import type { Visit } from '../visit.ts';

/** One WebSocket on its way through the gateway. */
export interface Passage {
  readonly kind: 'upgrade';
  readonly visit: Visit;
  readonly req: GatewayRequest;
  readonly socket: Duplex;
  readonly route: Route;
  readonly instance: UpstreamInstance;
  /** Time for the instance to answer the handshake. */
  readonly timeoutMs: number;
  /**
   * `open` once the instance has said 101: from then on bytes belong to the two ends. `declined` while its ordinary
   * answer is passed on instead, `over` when we answered in its place.
   */
  state: 'asking' | 'open' | 'declined' | 'over';
}
