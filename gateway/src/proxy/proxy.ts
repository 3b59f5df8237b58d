import type { Log } from '@plugmesh/shared/log';
import { createProxyMiddleware, type Plugin, type RequestHandler } from 'http-proxy-middleware';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { GatewayRequest } from '../http/gateway-request.ts';
import type { Exchange } from './exchange.ts';
import type { Passage } from './passage.ts';

/** What the proxy tells about requests it carries. None of it may throw. */
export interface RequestListener {
  /** A request got its connection to the instance. */
  sent(exchange: Exchange, proxyReq: ClientRequest): void;
  /** The instance's response head is here and not yet forwarded; its headers may be changed. */
  responded(exchange: Exchange, proxyRes: IncomingMessage): void;
  failed(exchange: Exchange, error: Error): void;
}

/** What the proxy tells about WebSocket handshakes. */
export interface HandshakeListener {
  upgrading(passage: Passage, proxyReq: ClientRequest): void;
  failed(passage: Passage, error: Error): void;
}

/**
 * The one place that knows http-proxy-middleware. One instance for the process, without its default plugins;
 * everything about a request is decided before it comes here and waits in `req.exchange`.
 */
export class Proxy {
  readonly #handler: RequestHandler<GatewayRequest>;

  constructor(requests: RequestListener, handshakes: HandshakeListener, log: Log) {
    this.#handler = createProxyMiddleware<GatewayRequest>({
      ejectPlugins: true,
      plugins: [createPlugin(requests, handshakes, log)],
      router: (req, res, options) => {
        const { exchange } = req;
        if (!exchange) return undefined as never; // refused by the library: no target
        if (exchange.kind === 'upgrade') {
          options.agent = false; // a WebSocket's connection never goes back to the pool
          options.upgradeTimeout = exchange.timeoutMs;
        } else {
          options.agent = exchange.instance.agent;
          if (exchange.body) options.buffer = exchange.body;
        }
        return exchange.instance.target;
      },
    });
  }

  /** Sends the request of `req.exchange`; calling it again retries. */
  web(req: GatewayRequest, res: ServerResponse): void {
    void this.#handler(req, res);
  }

  /** Sends the handshake of `req.exchange`. */
  upgrade(req: GatewayRequest, socket: Socket, head: Buffer): void {
    this.#handler.upgrade(req, socket, head);
  }
}

function createPlugin(
  requests: RequestListener,
  handshakes: HandshakeListener,
  log: Log,
): Plugin<GatewayRequest> {
  /** An exception here would end the process; one handshake must not. */
  const handshakeFailed = (passage: Passage, error: Error): void => {
    try {
      handshakes.failed(passage, error);
    } catch (cause) {
      log.error({ err: cause, requestId: passage.req.requestId }, 'the gateway failed while forwarding');
      passage.socket.destroy();
    }
  };
  return (proxy) => {
    proxy.on('proxyReq', (proxyReq, { exchange }) => {
      if (exchange?.kind === 'request') requests.sent(exchange, proxyReq);
    });
    proxy.on('proxyRes', (proxyRes, req) => {
      const { exchange } = req;
      if (exchange?.kind === 'request') requests.responded(exchange, proxyRes);
    });
    proxy.on('proxyReqWs', (proxyReq, { exchange }) => {
      if (exchange?.kind === 'upgrade') handshakes.upgrading(exchange, proxyReq);
    });
    proxy.on('error', (error, req, res) => {
      const exchange = req?.exchange;
      if (exchange?.kind === 'request') requests.failed(exchange, error);
      else if (exchange) handshakeFailed(exchange, error);
      else res?.destroy();
    });
  };
}
