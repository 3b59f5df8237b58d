import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Router } from 'express';
import { MeshProblems } from '../errors/index.ts';
import { Lifecycle, withinDeadline, type Step } from '../lifecycle/index.ts';
import { watchServer } from './http/attached-server.ts';
import { createApp, type Routers } from './http/create-app.ts';
import { createContext } from './create-context.ts';
import { EndpointTypes } from './endpoints/endpoint-types.ts';
import { createGuardedRouter } from './http/guarded-router.ts';
import type { PluginHealth } from './http/health.ts';
import { HttpSide } from './http/http-side.ts';
import { Upgrades } from './http/upgrades.ts';
import { MemoryJobRecords, RedisJobRecords } from './jobs/job-records.ts';
import { Jobs } from './jobs/jobs.ts';
import { parseSettings } from './parse-settings.ts';
import type { PluginParts, PluginSource } from './plugin-parts.ts';
import type { Registration } from './registration.ts';
import { ServiceRunner } from './service-runner.ts';

const SETUP_DEADLINE_MS = 60_000;
/** One that does not end must not keep the hooks from running. */
const SERVICES_DEADLINE_MS = 1000;

/** A plugin at work: HTTP side, bus, services, jobs and registration around the author's definition. */
export class Plugin {
  readonly lifecycle: Lifecycle;
  readonly #source: PluginSource;
  readonly #parts: PluginParts;
  readonly #routers: Routers;
  readonly #http: HttpSide;
  readonly #upgrades: Upgrades;
  readonly #services: ServiceRunner;
  readonly #jobs: Jobs;
  readonly #endpointTypes: EndpointTypes;
  readonly #registration: Registration | undefined;
  readonly #releases: (() => Promise<void> | void)[] = [];
  #health: PluginHealth = { state: 'starting' };

  constructor(source: PluginSource, parts: PluginParts) {
    const { manifest, log, clock, bus, identify, call } = parts;
    const prefix = prefixOf(parts);
    this.#source = source;
    this.#parts = parts;
    this.#routers = {
      router: Router(),
      session: createGuardedRouter('session', { identify, manifest, prefix }),
      admin: createGuardedRouter('admin', { identify, manifest, prefix }),
    };
    const server = this.#createServer(prefix);
    this.#http = new HttpSide(server, parts.address);
    this.#upgrades = new Upgrades(server, { plugin: manifest.name, prefix, health: () => this.health, log });
    this.#services = new ServiceRunner(log, { clock });
    const { connection } = bus;
    const records = connection
      ? new RedisJobRecords(connection, manifest.name)
      : new MemoryJobRecords(() => clock.now());
    this.#jobs = new Jobs({ identify, records, clock, log, maxBody: manifest.http.maxBody });
    const { router } = this.#routers;
    const services = this.#services;
    this.#endpointTypes = new EndpointTypes({ manifest, log, router, identify, call, bus, services });
    this.#registration = parts.register?.(() => this.url);
    this.lifecycle = new Lifecycle({ name: manifest.name, steps: this.#steps(), log });
  }

  /** How it is, as its health route says. */
  get health(): PluginHealth {
    const { state } = this.lifecycle;
    const isStopping = state === 'draining' || state === 'stopped';
    if (isStopping && this.#health.state === 'ready') return { state: 'draining' };
    const services = this.#services.statuses();
    return Object.keys(services).length === 0 ? this.#health : { ...this.#health, services };
  }

  /** Where it listens, once it does. */
  get url(): string {
    return this.#http.url;
  }

  /** Serves one connection that did not come through a port. */
  connect(connection: Duplex): void {
    this.#http.connect(connection);
  }

  #createServer(prefix: string): Server {
    const { manifest, log } = this.#parts;
    const { server, definition } = this.#source;
    const health = (): PluginHealth => this.health;
    if (server) return watchServer(server, { manifest, health, openapi: definition.openapi });
    const { openapi } = definition;
    return createServer(createApp({ manifest, log, health, openapi, routers: this.#routers, prefix }));
  }

  #steps(): Step[] {
    const { bus } = this.#parts;
    return [
      { name: 'bus', start: () => bus.start(), stop: () => bus.stop() },
      {
        name: 'http',
        start: () => this.#http.start(),
        drain: () => this.#http.drain(),
        stop: () => {
          this.#http.stop();
          this.#upgrades.stop();
        },
      },
      {
        name: 'setup',
        start: (signal) => this.#setUp(signal),
        stop: () => this.#release(),
        deadlineMs: 2 * SETUP_DEADLINE_MS,
      },
      {
        name: 'services',
        drain: () => bus.drain(),
        stop: () => Promise.all([this.#services.stop(), this.#jobs.stop()]).then(() => undefined),
        deadlineMs: SERVICES_DEADLINE_MS,
      },
      { name: 'registration', start: () => this.#register(), drain: () => this.#registration?.stop() },
    ];
  }

  /** Runs the author's functions. Their failure is a state, not a crash: a supervisor would only repeat it. */
  async #setUp(signal: AbortSignal): Promise<void> {
    try {
      await withinDeadline(() => unlessAborted(this.#runDefinition(signal), signal), SETUP_DEADLINE_MS);
      await this.#parts.bus.listen();
      this.#services.start();
      this.#health = { state: 'ready' };
    } catch (error) {
      this.#health = { state: 'disabled', reason: reasonOf(error) };
      this.#parts.log.error({ err: error }, 'the plugin is disabled');
      await this.#release();
    }
  }

  async #runDefinition(signal: AbortSignal): Promise<void> {
    const { definition, server } = this.#source;
    const { manifest, environment } = this.#parts;
    const config = await parseSettings(manifest.name, definition.config, environment.config);
    const context = createContext(
      {
        ...this.#parts,
        routers: this.#routers,
        services: this.#services,
        jobs: this.#jobs,
        upgrades: this.#upgrades,
        endpointTypes: this.#endpointTypes,
        releases: this.#releases,
      },
      config,
    );
    const state = await definition.init?.(context);
    signal.throwIfAborted();
    await definition.setup({ ...context, state });
    // A server of the author's own may answer callouts itself.
    if (!server) this.#endpointTypes.requireAll();
  }

  /** What setup took is given back, the last first; one failure does not keep the others. */
  async #release(): Promise<void> {
    for (const release of this.#releases.splice(0).reverse()) {
      try {
        await release();
      } catch (error) {
        this.#parts.log.error({ err: error }, 'a stop hook failed');
      }
    }
  }

  async #register(): Promise<void> {
    if (this.#health.state === 'ready') await this.#registration?.start();
  }
}

/** What the gateway leaves before a plugin's own paths. */
function prefixOf({ manifest, environment }: PluginParts): string {
  return manifest.http.stripPrefix ? '' : (environment.prefix ?? `/api/${manifest.name}`);
}

/** Resolves like `work`, or rejects as soon as `signal` is aborted: nobody waits for an `init` of what is to stop. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(new Error('it was stopped before it was ready')), {
    once: true,
  });
  await Promise.race([work, aborted]);
}

function reasonOf(error: unknown): string {
  if (error instanceof MeshProblems) return error.problems.map(({ message }) => message).join('\n');
  return error instanceof Error ? error.message : String(error);
}
