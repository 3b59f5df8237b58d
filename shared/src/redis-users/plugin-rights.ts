import { createHash } from 'node:crypto';
import { ACCESS_CHANGE, API_KEYS_USED, apiKeyKey, sessionKey } from '../access/index.ts';
import type { Grants } from '../config/index.ts';
import { historyKey, PUBLISH_COMMAND, streamsPrefix } from '../history/index.ts';
import type { TopicRule } from '../mesh-document/index.ts';
import { FROM, TO } from '../protocol/index.ts';

/** Whose rights, and what they follow from. */
export interface RightsInput {
  readonly id: string;
  /** Newest first; all of them open. */
  readonly passwords: readonly string[];
  /** All rules of the mesh: plugins may hear one another's topics. */
  readonly topics: readonly Pick<TopicRule, 'pattern'>[];
  /** The name under which durable topics are kept; until it is known, nothing can be published to them. */
  readonly streams: string | undefined;
  /** It keeps the accounts: sessions and keys are its own. */
  readonly isAccounts: boolean;
  /** Channels and keys that plugmesh.toml grants besides, as Redis patterns. */
  readonly grants: Pick<Grants, 'channels' | 'keys'> | undefined;
  /** Number of the Redis database. */
  readonly database: number;
}

/** Commands on data, without those that name no key, look at everybody's, or rule the server. */
const COMMANDS = [
  '-@all',
  '+@read',
  '+@write',
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

/** What tangram's plugins hear with `PSUBSCRIBE` and a plain name. */
const ADMIN_CHANNELS = ['add', 'join', 'leave', 'remove', 'list'].map((what) => `${TO}admin:channel.${what}`);

/** What the function does in the name of who calls it. */
const STREAM_COMMANDS = '+xadd +xrange +xrevrange +xtrim +pexpire +get +set';

/**
 * The rights of a plugin's Redis user (contracts § 2.5), as arguments of `ACL SETUSER`. They replace whatever the user had in one
 * step, so that its connections stay, but for those subscribed to what it may no longer hear.
 */
export function pluginRights(input: RightsInput): string[] {
  const { id, passwords, streams, isAccounts, grants, database } = input;
  return [
    'reset',
    'on',
    ...passwords.map((password) => `#${passwordHash(password)}`),
    ...channelsOf(input.topics, [...(isAccounts ? [ACCESS_CHANGE] : []), ...(grants?.channels ?? [])]),
    ...[
      `${id}:*`,
      ...(isAccounts ? [sessionKey('*'), apiKeyKey('*'), API_KEYS_USED] : []),
      ...(grants?.keys ?? []),
    ].map((pattern) => `~${pattern}`),
    ...COMMANDS,
    `+select|${database}`,
    `(~${historyKey('*').replace(/\{.*/, '*')} +fcall|${PUBLISH_COMMAND})`,
    ...(streams === undefined ? [] : [`(~${streamsPrefix(streams)}* ${STREAM_COMMANDS})`]),
  ];
}

/** A password as Redis keeps it, and takes it after a `#`: who reads commands or configuration does not learn it. */
export function passwordHash(password: string): string {
  return createHash('sha256').update(password).digest('hex');
}

/** `PSUBSCRIBE` needs the very pattern among the rights, `from:*` does not open `from:a:*` to it: the likely ones are listed. */
function channelsOf(topics: RightsInput['topics'], others: readonly string[]): string[] {
  const ofTopics = topics
    .map(({ pattern }) => (pattern.endsWith('*') ? pattern : `${pattern}:*`))
    // Rights are written with spaces between them.
    .filter((name) => !name.includes(' '))
    .flatMap((name) => [`${TO}${name}`, `${FROM}${name}`]);
  const patterns = new Set([`${TO}*`, `${FROM}*`, ...ADMIN_CHANNELS, ...ofTopics.toSorted(), ...others]);
  return ['resetchannels', ...[...patterns].map((pattern) => `&${pattern}`)];
}
