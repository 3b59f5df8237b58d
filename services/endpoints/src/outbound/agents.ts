import { MeshError } from '@plugmesh/sdk';
import { createHash, X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { LRUCache } from 'lru-cache';
import { Agent, buildConnector } from 'undici';
import type { GuardedLookup } from './guarded-lookup.ts';
import type { Target } from './target.ts';

/** So many ways to do TLS are kept ready; a connection's own way is one of them. */
const MOST_AGENTS = 64;
const CONNECT_MS = 10_000;
const MAX_HEAD = 16 * 1024;
/** Servers close idle connections after five seconds or more. */
const KEEP_ALIVE_MS = 4000;

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

type TlsSettings = Pick<Target, 'skipTlsValidation' | 'caCert'>;

/** Kept connections, apart for each way to do TLS: what one endpoint has been believed is not believed of another. */
export class Agents {
  readonly #lookup: GuardedLookup;
  readonly #agents = new LRUCache<string, Agent>({
    max: MOST_AGENTS,
    // Requests under way come to their end first.
    dispose: (agent) => void agent.close().catch(() => undefined),
  });

  constructor(lookup: GuardedLookup) {
    this.#lookup = lookup;
  }

  /** Throws MESH_ENDPOINT_TLS for certificates that cannot be read. */
  agentFor({ skipTlsValidation, caCert }: TlsSettings): Agent {
    const key = createHash('sha256')
      .update(`${String(skipTlsValidation)} ${caCert ?? ''}`)
      .digest('base64');
    const kept = this.#agents.get(key);
    if (kept) return kept;
    const agent = this.#create({ skipTlsValidation, caCert });
    this.#agents.set(key, agent);
    return agent;
  }

  /** Cuts every connection. */
  async stop(): Promise<void> {
    const agents = [...this.#agents.values()];
    await Promise.all(agents.map((agent) => agent.destroy()));
    this.#agents.clear();
  }

  #create(settings: TlsSettings): Agent {
    const connect = buildConnector({
      timeout: CONNECT_MS,
      allowH2: false,
      rejectUnauthorized: !settings.skipTlsValidation,
      secureContext: secureContextOf(settings),
      lookup: this.#lookup.lookup,
    });
    return new Agent({
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEAD,
      connect: (options, callback) => {
        try {
          this.#lookup.checkLiteral(options.hostname);
        } catch (error) {
          callback(error as Error, null);
          return;
        }
        connect(options, callback);
      },
    });
  }
}

function secureContextOf({ caCert }: TlsSettings): SecureContext {
  if (caCert === null) return createSecureContext();
  const own = caCert.match(PEM) ?? [];
  try {
    if (own.length === 0) throw new Error('it holds none in PEM');
    for (const each of own) new X509Certificate(each);
  } catch (cause) {
    const { message } = cause as Error;
    throw new MeshError('MESH_ENDPOINT_TLS', `the CA certificate cannot be read: ${message}`, { cause });
  }
  return createSecureContext({ ca: [...getCACertificates('default'), ...own] });
}
