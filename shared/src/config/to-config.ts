import { resolve } from 'node:path';
import type { ChannelConfig, Config, GatewayConfig, Grants, PluginSettings } from './config.ts';
import type { Resolved } from './resolve-settings.ts';
import type { PluginSettingValues, SettingValues } from './settings.ts';

/** Where the settings came from, besides the settings themselves. */
export interface Origin {
  readonly root: string;
  readonly file: string | undefined;
  readonly secrets: readonly string[];
}

/** The object that everybody reads, from the values of the tables. */
export function toConfig({ values, plugins }: Resolved, origin: Origin): Config {
  const { root } = origin;
  return {
    ...origin,
    mode: values['core.mode'],
    redisUrl: values['core.redis_url'],
    plugins: values['core.plugins'],
    logLevel: values['core.log_level'],
    stateDir: resolve(root, values['core.state_dir']),
    gateway: toGateway(values),
    channel: toChannel(values),
    mesh: { host: values['mesh.host'], port: values['mesh.port'], url: values['mesh.url'] },
    pluginSettings: Object.fromEntries(
      Object.entries(plugins).map(([id, settings]) => [id, toPluginSettings(settings, root)]),
    ),
  };
}

function toGateway(values: SettingValues): GatewayConfig {
  return {
    host: values['gateway.host'],
    port: values['gateway.port'],
    url: values['gateway.url'],
    instances: values['gateway.instances'],
    hosts: values['gateway.hosts'],
    trustedProxies: values['gateway.trusted_proxies'],
    instanceNetworks: values['gateway.instance_networks'],
    accounts: values['gateway.accounts'],
    apiKey: values['gateway.api_key'],
    apiKeyInQuery: values['gateway.api_key_in_query'],
    cors: {
      origins: values['gateway.cors.origins'],
      credentials: values['gateway.cors.credentials'],
      methods: values['gateway.cors.methods'],
      headers: values['gateway.cors.headers'],
      maxAgeMs: values['gateway.cors.max_age'],
    },
    limits: {
      url: values['gateway.limits.url'],
      headers: values['gateway.limits.headers'],
      headerCount: values['gateway.limits.header_count'],
      headersTimeoutMs: values['gateway.limits.headers_timeout'],
      requestTimeoutMs: values['gateway.limits.request_timeout'],
      idleMs: values['gateway.limits.idle'],
      inFlight: values['gateway.limits.in_flight'],
      pending: values['gateway.limits.pending'],
      eventLoopDelayMs: values['gateway.limits.event_loop_delay'],
      middlewareMs: values['gateway.limits.middleware'],
      drainMs: values['gateway.limits.drain'],
      memory: values['gateway.limits.memory'],
    },
    rates: {
      address: values['gateway.rates.address'],
      identity: values['gateway.rates.identity'],
      key: values['gateway.rates.key'],
      login: values['gateway.rates.login'],
      keys: values['gateway.rates.keys'],
      token: values['gateway.rates.token'],
    },
  };
}

function toChannel(values: SettingValues): ChannelConfig {
  return {
    host: values['channel.host'],
    port: values['channel.port'],
    url: values['channel.url'],
    instances: values['channel.instances'],
    tokenTtlMs: values['channel.token_ttl'],
    presenceLeaseMs: values['channel.presence_lease'],
    undeclaredTopics: values['channel.undeclared_topics'],
    origins: values['channel.origins'],
    limits: {
      frame: values['channel.limits.frame'],
      topicsPerSocket: values['channel.limits.topics_per_socket'],
      joinsPerSecond: values['channel.limits.joins_per_second'],
      pushesPerSecond: values['channel.limits.pushes_per_second'],
      sockets: values['channel.limits.sockets'],
      queue: values['channel.limits.queue'],
      name: values['channel.limits.name'],
      idleMs: values['channel.limits.idle'],
      pollMs: values['channel.limits.poll'],
      memory: values['channel.limits.memory'],
    },
  };
}

function toPluginSettings(values: PluginSettingValues, root: string): PluginSettings {
  const { url, urls = [], folder, config = {} } = values;
  const grants = toGrants(values);
  return withoutUndefined({
    urls: url === undefined ? urls : [url, ...urls],
    guard: values.guard,
    apiKey: values.api_key,
    enabled: values.enabled,
    path: values.path,
    corsOrigins: values['cors.origins'],
    timeoutMs: values['limits.timeout'],
    maxBody: values['limits.body'],
    maxResponse: values['limits.response'],
    maxMemory: values['limits.memory'],
    folder: folder === undefined ? undefined : resolve(root, folder),
    grants,
    config,
  });
}

function toGrants(values: PluginSettingValues): Grants | undefined {
  const { 'grants.aliases': aliases, 'grants.topics': topics, 'grants.guard': guard } = values;
  const { 'grants.middleware': middleware, 'grants.endpoints': endpoints } = values;
  const { 'grants.channels': channels, 'grants.keys': keys } = values;
  const all = [aliases, topics, guard, middleware, endpoints, channels, keys];
  if (all.every((value) => value === undefined)) return undefined;
  return withoutUndefined({
    aliases: aliases ?? [],
    topics: topics ?? [],
    guard,
    middleware: middleware ?? false,
    endpoints,
    channels,
    keys,
  });
}

type WithoutUndefined<T> = { [Key in keyof T as undefined extends T[Key] ? never : Key]: T[Key] } & {
  [Key in keyof T as undefined extends T[Key] ? Key : never]?: Exclude<T[Key], undefined>;
};

/** Leaves out what is not set, so that a setting is either there or not. */
function withoutUndefined<T extends object>(object: T): WithoutUndefined<T> {
  const set = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as WithoutUndefined<T>;
}
