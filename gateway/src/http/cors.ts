import type { CorsConfig } from '@plugmesh/shared/config';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Origin } from './forwarded.ts';
import { OriginList } from './origin-list.ts';

/** Cross-origin rules of one plugin, compiled once per mesh document. */
export class CorsPolicy {
  readonly #origins: OriginList;
  readonly #settings: CorsConfig;

  constructor(settings: CorsConfig, origins: readonly string[] = settings.origins) {
    this.#settings = settings;
    this.#origins = new OriginList(origins);
  }

  /** Whether pages of this origin may read answers. */
  allows(origin: string): boolean {
    return this.#origins.hasAll || this.#origins.names(origin);
  }

  /** Whether pages of this origin may act with their visitor's cookies. */
  trusts(origin: string): boolean {
    return this.#settings.credentials && this.#origins.names(origin);
  }

  /** Whether this is a preflight (Fetch § 3.3.1). */
  isPreflight(req: IncomingMessage): boolean {
    const { headers } = req;
    return (
      req.method === 'OPTIONS' &&
      headers.origin !== undefined &&
      headers['access-control-request-method'] !== undefined
    );
  }

  /** Puts the headers of an actual request on its answer. */
  apply(req: IncomingMessage, res: ServerResponse): void {
    if (this.#origins.isEmpty) return;
    res.setHeader('vary', 'Origin');
    const { origin } = req.headers;
    if (origin === undefined || !this.allows(origin)) return;
    const named = this.#origins.names(origin);
    res.setHeader('access-control-allow-origin', named ? origin : '*');
    // Never `*` with credentials: any page could read what the visitor's cookies open.
    if (named && this.#settings.credentials) res.setHeader('access-control-allow-credentials', 'true');
    res.setHeader('access-control-expose-headers', 'X-Request-Id, Retry-After');
  }

  /** Answers a preflight: before any guard, because browsers send it without credentials. */
  answerPreflight(req: IncomingMessage, res: ServerResponse): void {
    this.apply(req, res);
    if (res.hasHeader('access-control-allow-origin')) {
      res.setHeader('access-control-allow-methods', this.#settings.methods.join(', '));
      const asked = req.headers['access-control-request-headers'];
      const allowed = this.#settings.headers.includes('*') ? asked : this.#settings.headers.join(', ');
      if (allowed !== undefined && allowed !== '') res.setHeader('access-control-allow-headers', allowed);
      res.setHeader('access-control-max-age', String(Math.floor(this.#settings.maxAgeMs / 1000)));
    }
    res.removeHeader('access-control-expose-headers');
    res.writeHead(204).end();
  }
}

/**
 * Whether an `Origin` header names the host the request was sent to. A page that came by http is not one of a mesh that is
 * reached by https; the other way round it may be, behind a proxy that is not trusted to say so.
 */
export function isSameOrigin(origin: string, { host, proto }: Pick<Origin, 'host' | 'proto'>): boolean {
  if (!URL.canParse(origin) || (proto === 'https' && origin.startsWith('http:'))) return false;
  const { protocol, host: own } = new URL(origin);
  // Parsed alike, so that `:443` of an https page counts for nothing, and `:80` of an http one.
  const asked = `${protocol}//${host}`;
  return own !== '' && URL.canParse(asked) && new URL(asked).host === own;
}
