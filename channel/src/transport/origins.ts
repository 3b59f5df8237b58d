import type { IncomingMessage } from 'node:http';

/** The parts of an origin, or of an entry of `channel.origins`, where each part may be missing. */
interface OriginParts {
  readonly scheme: string | undefined;
  readonly host: string | undefined;
  readonly port: string | undefined;
}

/** What a browser and the way to us say about where a page came from. */
export interface OriginRequest {
  readonly origin: string | undefined;
  /** `Host`, and `X-Forwarded-Host` when a gateway is in between: no page can set either. */
  readonly hosts: readonly (string | undefined)[];
}

/** Whether pages of an origin may connect. */
export type OriginCheck = (request: OriginRequest) => boolean;

const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: '80', ws: '80', https: '443', wss: '443' };
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Compiles the origin check: no Origin (not a browser), the own host, or one of the entries. */
export function compileOrigins(
  entries: readonly string[],
  { allowLoopback }: { readonly allowLoopback: boolean },
): OriginCheck {
  const patterns = entries.map(parseOrigin);
  return ({ origin, hosts }) => {
    if (origin === undefined) return true;
    const parts = parseOrigin(origin);
    if (parts.host === undefined || parts.scheme === undefined) return false;
    if (allowLoopback && LOOPBACK.has(parts.host)) return true;
    return hosts.some((host) => isHost(parts, host)) || patterns.some((pattern) => matches(pattern, parts));
  };
}

/** What a request says of where it came from. */
export function originOf({ headers }: IncomingMessage): OriginRequest {
  return { origin: headers.origin, hosts: [headers.host, headers['x-forwarded-host']?.toString()] };
}

/** `scheme://host:port`, each part optional; parts that are missing are undefined. */
function parseOrigin(text: string): OriginParts {
  const found = /^(?:(?:([a-z][a-z0-9+.-]*):)?\/\/)?(\[[^\]]*\]|[^:/[\]@#?\\]+)?(?::(\d+))?\/?$/.exec(
    text.trim().toLowerCase(),
  );
  return { scheme: found?.[1], host: found?.[2], port: found?.[3] };
}

function isHost(origin: OriginParts, header: string | undefined): boolean {
  const own = parseOrigin((header ?? '').split(',')[0] ?? '');
  return own.host === origin.host && (own.port ?? portOf(origin, undefined)) === portOf(origin, origin.port);
}

function matches(pattern: OriginParts, origin: OriginParts): boolean {
  if (pattern.scheme === undefined && pattern.host === undefined && pattern.port === undefined) return false;
  if (pattern.scheme !== undefined && pattern.scheme !== origin.scheme) return false;
  if (pattern.port !== undefined && pattern.port !== portOf(origin, origin.port)) return false;
  return pattern.host === undefined || matchesHost(pattern.host, origin.host ?? '');
}

/** `*.example.com` is every name below example.com, and not evil-example.com. */
function matchesHost(pattern: string, host: string): boolean {
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) && host !== pattern : host === pattern;
}

function portOf({ scheme = '' }: OriginParts, port: string | undefined): string | undefined {
  return port ?? DEFAULT_PORTS[scheme];
}
