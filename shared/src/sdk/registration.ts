import { hostname, networkInterfaces } from 'node:os';
import type { PluginEnvironment } from '../config/plugin-environment.ts';
import type { Log } from '../log/index.ts';
import type { ReadManifest } from './read-manifest.ts';

/** What one instance tells the mesh about itself (contracts § 1.6). */
export interface RegistrationOptions {
  /** Origin of the gateway, `PLUGMESH_URL`. */
  readonly meshUrl: string;
  readonly plugin: string;
  /** Default: host name and process id. */
  readonly instance?: string | undefined;
  /** `PLUGMESH_TOKEN`. */
  readonly token: string;
  /** Where this instance listens; asked for once it does. */
  readonly url: () => string;
  readonly version?: string | undefined;
  /** `plugin.json` as it was written. */
  readonly manifest?: unknown;
  readonly log: Log;
  readonly renewEveryMs?: number;
}

const RENEW_EVERY_MS = 5000;
const REQUEST_TIMEOUT_MS = 3000;

/** Keeps one instance in the registry: registers, renews, and deregisters when it stops. */
export class Registration {
  readonly #options: RegistrationOptions;
  readonly #address: string;
  readonly #startedAt = new Date().toISOString();
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> | undefined;
  #state: 'new' | 'registered' | 'refused' | 'ended' = 'new';

  constructor(options: RegistrationOptions) {
    const { meshUrl, plugin, instance = `${hostname()}-${process.pid}` } = options;
    this.#options = options;
    const path = `/mesh/registry/${encodeURIComponent(plugin)}/${encodeURIComponent(instance)}`;
    this.#address = new URL(path, meshUrl).href;
  }

  /** Registers. A mesh that is away or refuses does not stop the plugin: it is asked again with the next renewal. */
  async start(): Promise<void> {
    this.#timer ??= setInterval(() => void this.#renewOnce(), this.#options.renewEveryMs ?? RENEW_EVERY_MS);
    await this.#renewOnce();
  }

  /** Takes the instance out, so that no new request is sent to it. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    // One that arrives behind the DELETE would put it back.
    await this.#renewing;
    const wasKnown = this.#state === 'registered' || this.#state === 'refused';
    this.#state = 'ended';
    if (!wasKnown) return;
    await this.#request('DELETE').catch((error: unknown) => {
      this.#options.log.warn({ err: error }, 'could not deregister; the registration runs out by itself');
    });
  }

  /** One at a time. */
  #renewOnce(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  async #renew(): Promise<void> {
    try {
      await this.#request('PUT', this.#record());
      this.#become('registered');
    } catch (error) {
      this.#become('refused', error);
    }
  }

  /** One line per change, not one per renewal. */
  #become(state: 'registered' | 'refused', error?: unknown): void {
    if (this.#state === state || this.#state === 'ended') return;
    this.#state = state;
    if (state === 'registered') this.#options.log.info({ address: this.#address }, 'registered');
    else this.#options.log.warn({ err: error, address: this.#address }, 'could not register; trying again');
  }

  #record(): Record<string, unknown> {
    const { url, version, manifest } = this.#options;
    return { url: reachableUrl(url()), version, startedAt: this.#startedAt, manifest };
  }

  async #request(method: 'PUT' | 'DELETE', body?: unknown): Promise<void> {
    const response = await fetch(this.#address, {
      method,
      headers: { authorization: `Bearer ${this.#options.token}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`${method} was answered with ${response.status}: ${text.slice(0, 500)}`);
  }
}

/** How a plugin registers itself, when its environment says that it should. */
export function registrationOf({
  environment,
  manifest,
  source,
  log,
}: ReadManifest & { readonly environment: PluginEnvironment; readonly log: Log }):
  ((url: () => string) => Registration) | undefined {
  const { url: meshUrl, token, instance, isRegistering } = environment;
  if (!isRegistering) return undefined;
  if (meshUrl === undefined || token === undefined) {
    log.warn('PLUGMESH_REGISTER needs PLUGMESH_URL and PLUGMESH_TOKEN: not registering');
    return undefined;
  }
  const { name, version } = manifest;
  return (url) =>
    new Registration({ meshUrl, plugin: name, instance, token, url, version, manifest: source, log });
}

/** A process that listens on every address is told to others by the first one that they can reach. */
function reachableUrl(url: string): string {
  const parsed = new URL(url);
  if (parsed.hostname !== '0.0.0.0' && parsed.hostname !== '[::]') return parsed.origin;
  const outward = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');
  parsed.hostname = outward?.address ?? '127.0.0.1';
  return parsed.origin;
}
