import { createHash } from 'node:crypto';
import { ACCESS_CHANGE, API_KEYS_USED, apiKeyKey, sessionKey } from '../access/index.ts';
import type { Config } from '../config/index.ts';
import { historyKey, streamsPrefix } from '../history/index.ts';
import { redisPasswords, type Secrets } from '../identity/index.ts';
import type { TopicRule } from '../mesh-document/index.ts';
import { FROM, TO } from '../protocol/index.ts';
import { pluginUser } from './redis-url.ts';

/** What the rights of all plugins follow from. */
export interface RightsInput {
  readonly config: Config;
  readonly secrets: Secrets;
  /** Rules whose topics can be heard by pattern. */
  readonly topics: readonly Pick<TopicRule, 'pattern'>[];
  /** The name under which durable topics are kept; until it is known, nothing can be published to them. */
  readonly streams?: string | undefined;
}

const DATA = 'keyspace string list set sortedset hash stream bitmap hyperloglog geo'.split(' ');

/**
 * Commands on data, without those that name no key, look at everybody's, or rule the server. By kind of data and not `@read` and
 * `@write`, which from Redis 8 on have searches over all keys.
 */
const COMMANDS = [
  '-@all',
  ...DATA.map((kind) => `+@${kind}`),
  '+@pubsub',
  '+@connection',
  '+@transaction',
  '+@blocking',
  '-@dangerous',
  '-@admin',
  '-@scripting',
  '-scan',
  '-randomkey',
  '-dbsize',
  '-pubsub',
  // It tells of keys that others write.
  '-client|tracking',
  '-select',
  // Clients ask whether the server is still loading.
  '+info',
  '+time',
];

/** The keys that publishers name, whatever the topic. */
const PUBLISHED = historyKey('').replace(/\{.*/, '*');

/** Sessions, API keys, and when each of those was last used. */
const ACCOUNTS_KEYS = [sessionKey('*'), apiKeyKey('*'), API_KEYS_USED];

/** What tangram's plugins hear with `PSUBSCRIBE` and a plain name. */
const ADMIN_CHANNELS = ['add', 'join', 'leave', 'remove', 'list'].map((what) => `${TO}admin:channel.${what}`);

/** What the function does in the name of who calls it. */
const STREAM_COMMANDS = '+xadd +xrange +xrevrange +xtrim +pexpire +get +set';

/**
 * The rights of a plugin's Redis user (contracts § 2.5), as arguments of `ACL SETUSER`. They replace whatever the user had in one
 * step, so that its connections stay, but for those subscribed to what it may no longer hear.
 */
export function pluginRights(id: string, { config, secrets, topics, streams }: RightsInput): string[] {
  const { channels = [], keys = [] } = config.pluginSettings[id]?.grants ?? {};
  const isAccounts = id === config.gateway.accounts;
  const ownChannels = isAccounts ? [ACCESS_CHANGE] : [];
  const ownKeys = [`${id}:*`, ...(isAccounts ? ACCOUNTS_KEYS : [])];
  return [
    'reset',
    'on',
    ...redisPasswords(secrets, pluginUser(id)).map((password) => `#${passwordHash(password)}`),
    ...channelRights(topics, [...ownChannels, ...channels]),
    ...[...ownKeys, ...keys].map((pattern) => `~${pattern}`),
    ...COMMANDS,
    ...(databaseOf(config) === 0 ? [] : ['+select']),
    `(~${PUBLISHED} +fcall)`,
    ...(streams === undefined ? [] : [`(~${streamsPrefix(streams)}* ${STREAM_COMMANDS})`]),
  ];
}

/** A password as Redis keeps it, and takes it after a `#`: who reads commands or configuration does not learn it. */
export function passwordHash(password: string): string {
  return createHash('sha256').update(password).digest('hex');
}

/** `PSUBSCRIBE` needs the very pattern among the rights, `from:*` does not open `from:a:*` to it: the likely ones are listed. */
function channelRights(topics: RightsInput['topics'], others: readonly string[]): string[] {
  const ofTopics = topics
    .map(({ pattern }) => (pattern.endsWith('*') ? pattern : `${pattern}:*`))
    // Rights are written with spaces between them.
    .filter((name) => !name.includes(' '))
    .flatMap((name) => [`${TO}${name}`, `${FROM}${name}`]);
  const patterns = new Set([`${TO}*`, `${FROM}*`, ...ADMIN_CHANNELS, ...ofTopics.toSorted(), ...others]);
  return ['resetchannels', ...[...patterns].map((pattern) => `&${pattern}`)];
}

function databaseOf({ redisUrl }: Config): number {
  return redisUrl === undefined ? 0 : Number(new URL(redisUrl).pathname.slice(1));
}
