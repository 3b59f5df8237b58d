import { MeshError, type PluginContext } from '@plugmesh/shared/sdk';

/** The connection that a plugin is given for commands. */
export type Redis = NonNullable<PluginContext['redis']>;

/** Several commands as one: all of them are carried out, or none. */
export type Commands = ReturnType<Redis['multi']>;

/** Carries out commands in one step, and resolves to their answers. Rejects with MESH_REDIS_UNAVAILABLE. */
export async function together(redis: Redis, add: (commands: Commands) => unknown): Promise<unknown[]> {
  return withRedis(async () => {
    const commands = redis.multi();
    add(commands);
    const answers = (await commands.exec()) ?? [];
    return answers.map(([error, answer]) => {
      if (error) throw error;
      return answer;
    });
  });
}

/** Names a failure of Redis for what it is: MESH_REDIS_UNAVAILABLE. */
export async function withRedis<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new MeshError('MESH_REDIS_UNAVAILABLE', 'sessions and keys cannot be changed while Redis is away', {
      fix: 'What was changed of users is kept, and counts as soon as Redis is back.',
      cause,
    });
  }
}
