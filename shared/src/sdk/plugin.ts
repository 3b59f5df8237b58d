import { join } from 'node:path';
import type { PluginEnvironment } from '../config/index.ts';
import { Lifecycle, withinDeadline, type Step } from '../lifecycle/index.ts';
import type { Log } from '../log/index.ts';
import type { PluginContext, PluginDefinition } from './definition.ts';
import { PluginBus } from './plugin-bus.ts';
import { createCall } from './plugin-calls.ts';
import { createIdentify } from './plugin-identity.ts';
import { PluginServer, type PluginHealth } from './plugin-server.ts';
import type { ReadManifest } from './read-manifest.ts';
import { Registration } from './registration.ts';
import { ServiceRunner } from './service-runner.ts';

/** What a plugin process is made of. */
export interface PluginOptions extends ReadManifest {
  readonly environment: PluginEnvironment;
  readonly log: Log;
}

const NO_REDIS = {
  ok: false,
  code: 'MESH_REDIS_UNAVAILABLE',
  reason: 'REDIS_URL is not set',
} as const;

const SETUP_DEADLINE_MS = 60_000;

/** A plugin process: HTTP server, bus, services and registration around the author's definition. */
export class Plugin<Settings = Readonly<Record<string, unknown>>> {
  readonly lifecycle: Lifecycle;
  readonly #definition: PluginDefinition<Settings>;
  readonly #options: PluginOptions;
  readonly #server: PluginServer;
  readonly #bus: PluginBus | undefined;
  readonly #services: ServiceRunner;
  readonly #registration: Registration | undefined;
  readonly #releases: (() => Promise<void> | void)[] = [];
  #health: PluginHealth = { state: 'starting' };

  constructor(definition: PluginDefinition<Settings>, options: PluginOptions) {
    const { environment, manifest, log } = options;
    this.#definition = definition;
    this.#options = options;
    this.#server = new PluginServer({
      manifest,
      host: environment.host,
      port: environment.port ?? manifest.port ?? 0,
      log,
      health: () => this.health,
      openapi: definition.openapi,
    });
    const { redisUrl } = environment;
    this.#bus = redisUrl === undefined ? undefined : new PluginBus(redisUrl, manifest.name, log);
    this.#services = new ServiceRunner(log);
    this.#registration = this.#createRegistration();
    this.lifecycle = new Lifecycle({ name: manifest.name, steps: this.#steps(), log });
  }

  /** How it is, as its health route says. */
  get health(): PluginHealth {
    const { state } = this.lifecycle;
    return state === 'draining' || state === 'stopped' ? { state: 'draining' } : this.#health;
  }

  /** Where it listens, once it does. */
  get url(): string {
    return this.#server.url;
  }

  #steps(): Step[] {
    const bus = this.#bus;
    return [
      { name: 'bus', start: () => bus?.start(), stop: () => bus?.stop() },
      {
        name: 'http',
        start: () => this.#server.start(),
        drain: () => this.#server.drain(),
        stop: () => this.#server.stop(),
      },
      {
        name: 'setup',
        start: () => this.#setUp(),
        stop: () => this.#release(),
        deadlineMs: 2 * SETUP_DEADLINE_MS,
      },
      { name: 'services', drain: () => bus?.drain(), stop: () => this.#services.stop() },
      { name: 'registration', start: () => this.#register(), drain: () => this.#registration?.stop() },
    ];
  }

  /** Runs the author's setup. Its failure is a state, not a crash: a supervisor would only repeat it. */
  async #setUp(): Promise<void> {
    try {
      await withinDeadline(async () => this.#definition.setup(this.#createContext()), SETUP_DEADLINE_MS);
      await this.#bus?.listen();
      this.#services.start();
      this.#health = { state: 'ready' };
    } catch (error) {
      this.#health = { state: 'disabled', reason: error instanceof Error ? error.message : String(error) };
      this.#options.log.error({ err: error }, 'setup failed: the plugin is disabled');
      await this.#release();
    }
  }

  /** What setup took is given back, the last first; one failure does not keep the others. */
  async #release(): Promise<void> {
    for (const release of this.#releases.splice(0).reverse()) {
      try {
        await release();
      } catch (error) {
        this.#options.log.error({ err: error }, 'a stop hook failed');
      }
    }
  }

  async #register(): Promise<void> {
    if (this.#health.state === 'ready') await this.#registration?.start();
  }

  #createContext(): PluginContext<Settings> {
    const { manifest, environment, log } = this.#options;
    const bus = this.#bus;
    const withoutRedis = (what: string): void => log.warn(`REDIS_URL is not set: ${what} does nothing`);
    return {
      id: manifest.name,
      manifest,
      router: this.#server.router,
      config: this.#settings(),
      log,
      identify: createIdentify(manifest.name, environment.url),
      call: createCall(environment.url, environment.token),
      stateDir: environment.stateDir ?? join('.plugmesh/plugins', manifest.name),
      token: environment.token,
      redis: bus?.connection,
      redisUrl: environment.redisUrl,
      publish: (topic, event, payload) => bus?.publish(topic, event, payload) ?? Promise.resolve(false),
      publishDurable: (topic, event, payload, options) =>
        bus?.publishDurable(topic, event, payload, options) ?? Promise.resolve(NO_REDIS),
      subscribe: (channel, handler) =>
        bus ? bus.subscribe('channel', channel, handler) : withoutRedis(`subscribing to '${channel}'`),
      subscribePattern: (pattern, handler) =>
        bus ? bus.subscribe('pattern', pattern, handler) : withoutRedis(`subscribing to '${pattern}'`),
      service: (name, run) => this.#services.add(name, run),
      onStop: (release) => void this.#releases.push(release),
    };
  }

  #settings(): Settings {
    const { config } = this.#options.environment;
    // Without a parser of its own, Settings is the default, a plain record.
    return this.#definition.parseConfig?.(config) ?? (config as Settings);
  }

  #createRegistration(): Registration | undefined {
    const { environment, manifest, source, log } = this.#options;
    const { url, token, instance, isRegistering } = environment;
    if (!isRegistering) return undefined;
    if (url === undefined || token === undefined) {
      log.warn('PLUGMESH_REGISTER needs PLUGMESH_URL and PLUGMESH_TOKEN: not registering');
      return undefined;
    }
    const { name, version } = manifest;
    return new Registration({
      meshUrl: url,
      plugin: name,
      instance,
      token,
      url: () => this.url,
      version,
      manifest: source,
      log,
    });
  }
}
