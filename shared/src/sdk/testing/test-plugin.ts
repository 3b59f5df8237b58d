import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { pluginEnvironment } from '../../config/plugin-environment.ts';
import { MeshError } from '../../errors/index.ts';
import { IdentityTokens, loadSecrets, type Identity } from '../../identity/index.ts';
import { createLog } from '../../log/index.ts';
import { parsePluginConfig } from '../../manifest/plugin-config.ts';
import type { EndpointHook } from '../../manifest/endpoint-type.ts';
import type { EndpointEvent } from '../endpoints/contract.ts';
import type { PluginHealth } from '../http/health.ts';
import { hostedBy } from '../host.ts';
import type { Call } from '../plugin-calls.ts';
import { identifyBy } from '../plugin-identity.ts';
import type { PluginParts, PluginSource } from '../plugin-parts.ts';
import { Plugin } from '../plugin.ts';
import { readManifest } from '../read-manifest.ts';
import { FakeClock } from './fake-clock.ts';
import { MemoryBus, type Published } from './memory-bus.ts';
import { TestEndpoints, type TestCallout, type TestEndpointEvent } from './test-endpoints.ts';
import { requestInMemory, type TestRequest } from './request-in-memory.ts';

/** What a plugin finds around it in a test. */
export interface TestPluginOptions {
  /** `[plugins.<id>.config]`, held against the manifest as the mesh does. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Folder for files of its own; a test that uses it removes it. */
  readonly stateDir?: string;
  /** Answers its calls to other plugins; without it they fail. */
  readonly call?: Call;
  /** Least level of the log lines that are shown; default none. */
  readonly logLevel?: string;
}

/** Who asks, besides what is asked. */
export interface TestPluginRequest extends TestRequest {
  /** As whom the gateway lets the request in: `testUser('ada', 'admin')`; default nobody. */
  readonly as?: Identity;
}

let loads = 0;

/**
 * Loads a plugin's main file and runs what it defines in this process, with its `plugin.json`, without ports, Redis and
 * mesh. `file` is relative to the working directory. Its guards are those of the SDK's own routers: what the gateway does
 * with `plugin.json` is for `createTestMesh`.
 */
export async function createTestPlugin(
  file: string | URL,
  options: TestPluginOptions = {},
): Promise<TestPlugin> {
  const path = file instanceof URL ? fileURLToPath(file) : resolve(file);
  const source = await load(path);
  const plugin = new TestPlugin(path, source, options);
  await plugin.start();
  return plugin;
}

/** Loads the file anew, so that each test has variables of its own. */
async function load(path: string): Promise<PluginSource> {
  const sources: PluginSource[] = [];
  // A CommonJS module is kept by its path, whatever the address says.
  Reflect.deleteProperty(createRequire(path).cache, path);
  const url = pathToFileURL(path);
  url.searchParams.set('test', String(++loads));
  await hostedBy(
    (source) => void sources.push(source),
    () => import(url.href),
  );
  const [source] = sources;
  if (source && sources.length === 1) return source;
  throw new MeshError('MESH_USAGE', `'${path}' defines ${source ? 'several plugins' : 'no plugin'}`, {
    fix: 'end it with one definePlugin(…) or attach(…)',
  });
}

/** A plugin in a test. */
export class TestPlugin {
  /** As its `plugin.json` or its class says. */
  readonly id: string;
  readonly clock = new FakeClock();
  readonly #plugin: Plugin;
  readonly #bus: MemoryBus;
  readonly #tokens: IdentityTokens;
  readonly #endpoints: TestEndpoints;

  constructor(path: string, source: PluginSource, options: TestPluginOptions) {
    const { manifest } = readManifest({ entry: path, cwd: dirname(path), name: source.name });
    const { name } = manifest;
    const log = createLog({ name, level: options.logLevel ?? 'silent', mode: 'development' });
    this.id = name;
    this.#bus = new MemoryBus(log);
    this.#tokens = new IdentityTokens(
      loadSecrets({ secrets: [randomBytes(32).toString('hex')], stateDir: '' }),
    );
    this.#endpoints = new TestEndpoints(manifest, options.call ?? noCall);
    const config = parsePluginConfig(manifest, options.config ?? {});
    const parts: PluginParts = {
      manifest,
      environment: { ...pluginEnvironment({}), plugin: name, config, stateDir: options.stateDir },
      log,
      clock: this.clock,
      bus: this.#bus,
      identify: identifyBy((token) => this.#tokens.verify(token, name)),
      call: this.#endpoints.call,
      address: undefined,
    };
    this.#plugin = new Plugin(source, parts);
  }

  /** How it is, as its health route says. */
  get health(): PluginHealth {
    return this.#plugin.health;
  }

  /** Everything that it has published so far, the oldest first. */
  get published(): readonly Published[] {
    return this.#bus.published;
  }

  async start(): Promise<void> {
    await this.#plugin.lifecycle.start();
  }

  /** Makes a request as the gateway would: with its headers, and the token of whoever asks. */
  async request(path: string, { as, headers, ...request }: TestPluginRequest = {}): Promise<Response> {
    const identity =
      as === undefined || as.kind === 'anonymous'
        ? {}
        : { 'x-plugmesh-identity': await this.#tokens.sign(as, this.id) };
    const told = { 'x-forwarded-prefix': `/api/${this.id}`, ...headers, ...identity };
    return requestInMemory((side) => this.#plugin.connect(side), path, { ...request, headers: told });
  }

  /**
   * Asks a hook as `endpoints` does, `reach` leading to a server of the test: `callout('info', { reach: server.url })`. What
   * is left out of the body is made up.
   */
  callout(hook: EndpointHook, { as: actingFor, ...callout }: TestCallout = {}): Promise<Response> {
    const { path, body } = this.#endpoints.callout(hook, callout);
    const as: Identity = { kind: 'plugin', id: 'endpoints', ...(actingFor && { actingFor }) };
    return this.request(path, { as, body });
  }

  /** Tells what has become of an endpoint. Resolves when `onEvent` has handled it. */
  async endpointEvent(event: EndpointEvent['event'], said: TestEndpointEvent = {}): Promise<void> {
    const heard = this.#endpoints.tell(event, said);
    if (!this.#bus.hear('endpoints', event, {}))
      throw new MeshError('MESH_USAGE', `'${this.id}' has no type of endpoint with 'onEvent'`);
    await heard;
  }

  /** Delivers what a browser pushes. Resolves when the plugin has handled it. */
  push(topic: string, event: string, payload: unknown): Promise<void> {
    return this.#bus.push(topic, event, payload);
  }

  /** Stops it as SIGTERM would, without ending this process. */
  stop(): Promise<void> {
    return this.#plugin.lifecycle.stop();
  }
}

const noCall: Call = (plugin) =>
  Promise.reject(new MeshError('MESH_PLUGIN_UNKNOWN', `the test says nothing of '${plugin}': give 'call'`));
