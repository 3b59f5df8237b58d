import type { Config } from '@plugmesh/shared/config';
import type { Secrets } from '@plugmesh/shared/identity';
import type { Log } from '@plugmesh/shared/log';
import type { MeshDocument } from '@plugmesh/shared/mesh-document';
import { rememberUsersRefused, usersRefused } from '@plugmesh/shared/processes';
import type { RedisConnection } from '@plugmesh/shared/redis';
import { PLUGIN_USER, pluginRights, pluginUser } from '@plugmesh/shared/redis-users';

/** What the users follow from. */
export interface RedisUsersInput {
  readonly config: Config;
  readonly document: MeshDocument;
  /** The name under which durable topics are kept, once it is known. */
  readonly streams: string | undefined;
}

/**
 * What keeps plugins apart in Redis. `own`: each has its own user. `open`: each has its own user, but the server also lets
 * anybody in without a password. `shared`: the server makes no users, and plugins are given the mesh's own.
 */
export interface RedisRights {
  readonly plugins: 'own' | 'open' | 'shared';
  readonly reason?: string;
}

/** How often it is looked whether the users are still there, although nothing seems to have happened. */
const LOOK_MS = 2000;
/** Answers of a server that makes no users, or none with our rights: one before Redis 7 knows no `(…)`. */
const REFUSAL = /^NOPERM|^ERR unknown (sub)?command|^ERR Error in ACL SETUSER modifier '\(/i;
const OPEN = 'it lets everybody in without a password: set one, and put it into core.redis_url';

/** Keeps a Redis user for each enabled plugin, with its rights and nothing more (contracts § 2.5). */
export class RedisUsers {
  readonly #redis: RedisConnection;
  readonly #secrets: Secrets;
  readonly #log: Log;
  /** User → the rights that it was given, as one text. */
  readonly #given = new Map<string, string>();
  #lookedAt = Number.NEGATIVE_INFINITY;
  #rights: RedisRights | undefined;
  #problem: string | undefined;

  constructor(redis: RedisConnection, options: { config: Config; secrets: Secrets; log: Log }) {
    this.#redis = redis;
    this.#secrets = options.secrets;
    this.#log = options.log;
    const reason = usersRefused(options.config);
    this.#rights = reason === undefined ? undefined : { plugins: 'shared', reason };
    // A server keeps no users over a restart.
    redis.on('close', () => this.#forget());
  }

  /** Undefined until Redis has been asked. */
  get rights(): RedisRights | undefined {
    return this.#rights;
  }

  /** Makes, changes and removes users when something has changed. Never rejects: the next round tries again. */
  async keep({ config, document, streams }: RedisUsersInput): Promise<void> {
    const wanted = this.#wanted({ config, document, streams });
    const isDue = performance.now() - this.#lookedAt > LOOK_MS;
    if (!isDue && isSame(wanted, this.#given)) return;
    try {
      await this.#bringInLine(wanted);
      this.#problem = undefined;
      const isOpen = await this.#letsEverybodyIn();
      this.#take(config, isOpen ? { plugins: 'open', reason: OPEN } : { plugins: 'own' });
      this.#lookedAt = performance.now();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!REFUSAL.test(reason)) {
        this.#complain(reason);
        return;
      }
      this.#take(config, { plugins: 'shared', reason });
      this.#lookedAt = performance.now();
    }
  }

  /** Once for each problem, not every round; that Redis is away is said elsewhere. */
  #complain(problem: string): void {
    const isNew = problem !== this.#problem && this.#redis.status === 'ready';
    this.#problem = problem;
    if (isNew) this.#log.error({ reason: problem }, "plugins' Redis users could not be brought in line");
  }

  #forget(): void {
    this.#given.clear();
    this.#lookedAt = Number.NEGATIVE_INFINITY;
  }

  #wanted({ config, document, streams }: RedisUsersInput): Map<string, readonly string[]> {
    const input = { config, secrets: this.#secrets, topics: document.topics, streams };
    const enabled = document.plugins.filter((plugin) => plugin.enabled);
    return new Map(enabled.map(({ id }) => [pluginUser(id), pluginRights(id, input)]));
  }

  async #bringInLine(wanted: ReadonlyMap<string, readonly string[]>): Promise<void> {
    const names = (await this.#redis.call('ACL', 'USERS')) as string[];
    const there = new Set(names.filter((name) => name.startsWith(PLUGIN_USER)));
    for (const [user, rights] of wanted) {
      const text = rights.join(' ');
      if (there.has(user) && this.#given.get(user) === text) continue;
      await this.#redis.call('ACL', 'SETUSER', user, ...rights);
      this.#given.set(user, text);
    }
    for (const user of there) {
      if (wanted.has(user)) continue;
      await this.#redis.call('ACL', 'DELUSER', user);
      this.#given.delete(user);
    }
  }

  async #letsEverybodyIn(): Promise<boolean> {
    const [, flags] = (await this.#redis.call('ACL', 'GETUSER', 'default')) as [string, string[]];
    return flags.includes('on') && flags.includes('nopass');
  }

  /** Once for each change, not every round. */
  #take(config: Config, rights: RedisRights): void {
    if (rights.plugins === this.#rights?.plugins && rights.reason === this.#rights.reason) return;
    this.#rights = rights;
    rememberUsersRefused(config, rights.plugins === 'shared' ? rights.reason : undefined);
    if (rights.plugins !== 'own')
      this.#log.warn({ reason: rights.reason }, 'Redis does not keep plugins apart: they are trusted');
  }
}

function isSame(wanted: ReadonlyMap<string, readonly string[]>, given: ReadonlyMap<string, string>): boolean {
  return (
    wanted.size === given.size && [...wanted].every(([user, rights]) => given.get(user) === rights.join(' '))
  );
}
