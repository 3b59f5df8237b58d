import type { IncomingMessage } from 'node:http';
import type { Exchange } from './exchange.ts';
import type { RequestListener } from './proxy.ts';

/**
 * Carries requests that have no body, most of all: what http-proxy-middleware does for the others, with fewer copies of the
 * head and no stream to the instance (docs/decisions/0013).
 */
export class BodylessProxy {
  readonly #listener: RequestListener;

  constructor(listener: RequestListener) {
    this.#listener = listener;
  }

  /** Sends the request of an exchange whose head is prepared; calling it again retries. */
  send(exchange: Exchange): void {
    const { req, instance } = exchange;
    const { method, url: path, headers } = req;
    const proxyReq = instance.request({ method, path, headers });
    proxyReq.once('socket', () => this.#listener.sent(exchange, proxyReq));
    proxyReq.once('response', (proxyRes) => this.#answer(exchange, proxyRes));
    proxyReq.on('error', (error) => this.#listener.failed(exchange, error));
    proxyReq.end();
  }

  #answer(exchange: Exchange, proxyRes: IncomingMessage): void {
    const { res } = exchange;
    this.#listener.responded(exchange, proxyRes);
    if (res.headersSent || proxyRes.destroyed) return;
    try {
      res.writeHead(proxyRes.statusCode ?? 502, proxyRes.headers);
    } catch (error) {
      // What Node refuses to write is none of HTTP.
      proxyRes.destroy();
      this.#listener.failed(exchange, error as Error);
      return;
    }
    // Half an answer is told at once, not when the deadline finds that nothing moves.
    proxyRes.once('error', (error) => this.#listener.failed(exchange, error));
    proxyRes.pipe(res);
  }
}
