import { MeshError, type PluginContext } from '@plugmesh/sdk';

/** The connection that a plugin is given for commands. */
export type Redis = NonNullable<PluginContext['redis']>;

/** Several commands as one: all of them are carried out, or none. */
export type Commands = ReturnType<Redis['multi']>;

/** What the accounts have in Redis. */
export interface RedisPartOptions {
  readonly redis: Redis;
  /** The plugin's id, which its rights in Redis follow. */
  readonly id: string;
  /** Called when Redis has not done what it should: it may be behind the database now. */
  readonly onFailure: () => void;
}

/** The plugin's part of Redis. Whatever fails there is MESH_REDIS_UNAVAILABLE, and noticed. */
export class RedisPart {
  readonly #options: RedisPartOptions;

  constructor(options: RedisPartOptions) {
    this.#options = options;
  }

  /** A key of the plugin's own. */
  key(name: string): string {
    return `${this.#options.id}:${name}`;
  }

  /** Asks Redis, or tells it something. Rejects with MESH_REDIS_UNAVAILABLE. */
  async ask<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    const { redis, onFailure } = this.#options;
    try {
      return await work(redis);
    } catch (cause) {
      onFailure();
      throw new MeshError(
        'MESH_REDIS_UNAVAILABLE',
        'sessions and keys cannot be changed while Redis is away',
        {
          fix: 'What was changed of users is kept, and counts as soon as Redis is back.',
          cause,
        },
      );
    }
  }

  /** Carries out commands in one step, and resolves to their answers. Rejects with MESH_REDIS_UNAVAILABLE. */
  together(add: (commands: Commands) => unknown): Promise<unknown[]> {
    return this.ask(async (redis) => {
      const commands = redis.multi();
      add(commands);
      const answers = (await commands.exec()) ?? [];
      return answers.map(([error, answer]) => {
        if (error) throw error;
        return answer;
      });
    });
  }
}
