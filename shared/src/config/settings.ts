import * as kind from './kinds.ts';

/** One setting: its kind, what it is when nothing sets it (as the file would write it), and what it means. */
export interface Setting<T> {
  readonly kind: kind.Kind<T extends undefined ? never : T>;
  readonly initial: unknown;
  readonly meaning: string;
}

function setting<T>(of: kind.Kind<T>, initial: unknown, meaning: string): Setting<T> {
  return { kind: of as Setting<T>['kind'], initial, meaning };
}

function optional<T>(of: kind.Kind<T>, meaning: string): Setting<T | undefined> {
  return { kind: of as Setting<T | undefined>['kind'], initial: undefined, meaning };
}

const PRIVATE_NETWORKS = [
  '127.0.0.0/8',
  '::1/128',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
];

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Every setting of the mesh. `docs/reference/configuration.md` lists the same rows; a test compares both. */
export const SETTINGS = {
  'core.mode': setting(
    kind.oneOf(['production', 'development']),
    'production',
    'Development shows reasons in answers.',
  ),
  'core.redis_url': optional(
    kind.redisUrl,
    'Redis to use; without it a private one is started. Also `REDIS_URL`.',
  ),
  'core.plugins': setting(
    kind.listOf(kind.pluginOrAll),
    ['*'],
    'Plugins that are enabled; `*` is all that are found.',
  ),
  'core.log_level': setting(kind.oneOf(LOG_LEVELS), 'info', 'Least level of log lines.'),
  'core.state_dir': setting(kind.text, '.plugmesh', 'Folder of secret, ports, document and private Redis.'),

  'gateway.host': setting(kind.host, '127.0.0.1', 'Address the gateway listens on.'),
  'gateway.port': setting(kind.port, 2345, 'Port the gateway listens on.'),
  'gateway.url': optional(
    kind.origin,
    'Where plugins reach the gateway, when that is not its host and port.',
  ),
  'gateway.instances': setting(kind.count(), 1, 'Gateway processes that share the port.'),
  'gateway.hosts': setting(
    kind.listOf(kind.hostName),
    [],
    'Host names served; other ones get 421. Empty: every name.',
  ),
  'gateway.trusted_proxies': setting(
    kind.listOf(kind.network),
    [],
    'Networks whose `X-Forwarded-*` are believed.',
  ),
  'gateway.instance_networks': setting(
    kind.listOf(kind.network),
    PRIVATE_NETWORKS,
    'Networks in which an instance that registers itself may be.',
  ),
  'gateway.accounts': setting(
    kind.pluginId,
    'accounts',
    "Plugin that keeps users and sessions: only its answers set the mesh's cookies.",
  ),
  'gateway.api_key': optional(kind.apiKey, 'Opens the guard `key` at every plugin.'),
  'gateway.api_key_in_query': setting(
    kind.flag,
    false,
    'Whether keys may also come as `apikey` in the query, where logs of other programs keep them.',
  ),
  'gateway.cors.origins': setting(
    kind.listOf(kind.corsOrigin),
    [],
    'Origins whose pages may read answers; `https://*.example.org`: those of a domain, `*`: every one.',
  ),
  'gateway.cors.credentials': setting(kind.flag, false, 'Whether such pages may send cookies.'),
  'gateway.cors.methods': setting(
    kind.listOf(kind.method),
    ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    'Methods such pages may use.',
  ),
  'gateway.cors.headers': setting(
    kind.listOf(kind.headerName),
    ['Authorization', 'Content-Type', 'X-Request-Id'],
    'Headers such pages may send.',
  ),
  'gateway.cors.max_age': setting(kind.time, '10m', 'How long browsers remember these rules.'),
  'gateway.limits.url': setting(kind.bytes, '8KiB', 'Longest URL.'),
  'gateway.limits.headers': setting(kind.bytes, '16KiB', 'Largest sum of headers.'),
  'gateway.limits.header_count': setting(kind.count(), 128, 'Most headers.'),
  'gateway.limits.headers_timeout': setting(kind.time, '10s', 'Time for all headers of a request.'),
  'gateway.limits.request_timeout': setting(kind.time, '5m', 'Time for a whole request, body included.'),
  'gateway.limits.idle': setting(kind.time, '60s', 'How long a connection may say nothing.'),
  'gateway.limits.in_flight': setting(kind.count(), 1024, 'Requests at one instance at the same time.'),
  'gateway.limits.pending': setting(kind.count(0), 1024, 'Requests that wait for one instance.'),
  'gateway.limits.event_loop_delay': setting(
    kind.time,
    '200ms',
    'Delay of a process (99 in 100 turns) beyond which it refuses some of its new work.',
  ),
  'gateway.limits.middleware': setting(kind.time, '5s', 'Time for all middleware of one request together.'),
  'gateway.limits.drain': setting(kind.time, '10s', 'Time to finish open requests when stopping.'),
  'gateway.limits.memory': optional(kind.bytes, 'Memory of a process beyond which it is replaced.'),
  'gateway.rates.address': optional(kind.rate, 'How often one address may ask, `"100/10s"`; unset: always.'),
  'gateway.rates.identity': optional(kind.rate, 'The same for one user or plugin.'),
  'gateway.rates.key': optional(kind.rate, 'The same for one API key.'),
  'gateway.rates.login': setting(kind.rate, '20/1m', 'How often one address may try to log in.'),
  'gateway.rates.keys': setting(kind.rate, '20/1m', 'How often one address may make an API key.'),
  'gateway.rates.token': setting(kind.rate, '600/1m', 'How often one address may `POST /token`.'),

  'channel.host': setting(kind.host, '127.0.0.1', 'Address the channel service listens on.'),
  'channel.port': setting(kind.port, 2347, 'Port the channel service listens on.'),
  'channel.url': optional(
    kind.origin,
    'Where the gateway reaches the channel service, when that is not its host and port.',
  ),
  'channel.instances': setting(kind.count(), 1, 'Channel processes that share the port.'),
  'channel.token_ttl': setting(kind.time, '10m', 'How long a token of `POST /token` is valid.'),
  'channel.presence_lease': setting(
    kind.time,
    '15s',
    'How long those present in a process that died stay present.',
  ),
  'channel.undeclared_topics': setting(
    kind.oneOf(['none', 'public']),
    'none',
    'What a topic without a rule is: closed, or open to everybody.',
  ),
  'channel.origins': setting(
    kind.listOf(kind.socketOrigin),
    [],
    'Origins that may connect, besides the own one.',
  ),
  'channel.limits.frame': setting(kind.bytes, '256KiB', 'Largest frame.'),
  'channel.limits.topics_per_socket': setting(kind.count(), 100, 'Most topics joined over one socket.'),
  'channel.limits.joins_per_second': setting(kind.count(), 50, 'Most joins of one socket.'),
  'channel.limits.pushes_per_second': setting(
    kind.count(),
    100,
    'Most pushes of one socket, and other messages that are no joins.',
  ),
  'channel.limits.sockets': setting(kind.count(), 50_000, 'Most sockets of one process.'),
  'channel.limits.queue': setting(kind.bytes, '1MiB', 'What may wait for one slow socket.'),
  'channel.limits.name': setting(kind.count(), 255, 'Longest name of a topic or event, in bytes.'),
  'channel.limits.idle': setting(kind.time, '60s', 'How long a socket may say nothing.'),
  'channel.limits.poll': setting(kind.time, '10s', 'How long a long-poll request waits for messages.'),
  'channel.limits.memory': optional(kind.bytes, 'Memory of a process beyond which it is replaced.'),

  'mesh.host': setting(kind.host, '127.0.0.1', 'Address the control process listens on.'),
  'mesh.port': setting(kind.port, 2346, 'Port the control process listens on.'),
  'mesh.url': optional(
    kind.origin,
    'Where the gateway and the command line reach the control process, when that is not its host and port.',
  ),
} as const;

/** Every setting of a section `[plugins.<id>]`; all are optional. */
export const PLUGIN_SETTINGS = {
  url: optional(kind.origin, 'Where the plugin runs, when plugmesh does not start it.'),
  urls: optional(kind.listOf(kind.origin), 'The same, for several instances.'),
  guard: optional(kind.guardName, "Instead of the manifest's `http.guard`; without a manifest: `session`."),
  api_key: optional(kind.apiKey, 'Opens the guard `key` at this plugin.'),
  enabled: optional(kind.flag, 'Instead of what `core.plugins` says.'),
  path: optional(kind.pluginPath, 'Where it is served instead of `/api/<id>`.'),
  folder: optional(kind.text, 'Folder of its manifest, when it is not `services/<id>`.'),
  'cors.origins': optional(kind.listOf(kind.corsOrigin), 'Instead of `gateway.cors.origins`.'),
  'limits.timeout': optional(kind.time, "Instead of the manifest's `http.timeoutMs`."),
  'limits.body': optional(kind.bytes, "Instead of the manifest's `http.maxBody`."),
  'limits.response': optional(kind.bytes, "Instead of the manifest's `http.maxResponse`."),
  'limits.memory': optional(kind.bytes, 'Memory of a process beyond which it is restarted.'),
  'grants.aliases': optional(kind.listOf(kind.aliasPath), 'Aliases that its registrations may claim.'),
  'grants.topics': optional(kind.listOf(kind.topicPattern), 'Topics that its registrations may claim.'),
  'grants.guard': optional(kind.guardName, 'The loosest guard that its registrations may set.'),
  'grants.middleware': optional(kind.flag, 'Its registrations may be middleware.'),
  'grants.endpoints': optional(
    kind.listOf(kind.endpointType),
    'Types of endpoints that its registrations may provide.',
  ),
  'grants.channels': optional(
    kind.listOf(kind.redisPattern),
    'Redis channels that it may use besides the bus, and patterns that it subscribes to.',
  ),
  'grants.keys': optional(kind.listOf(kind.redisPattern), 'Redis keys that it may use besides `<id>:*`.'),
  config: optional(kind.settings, "The plugin's own settings, after its manifest's schema."),
} as const;

type Values<Table> = { readonly [Key in keyof Table]: Table[Key] extends Setting<infer T> ? T : never };

/** The value of every setting. */
export type SettingValues = Values<typeof SETTINGS>;

/** The values of one plugin's section; those that nothing sets are `undefined`. */
export type PluginSettingValues = Values<typeof PLUGIN_SETTINGS>;
