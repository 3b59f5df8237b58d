import { type Log, MeshError } from '@plugmesh/sdk';
import type { Request, Router } from 'express';
import type { KeyKeeper, UsedApiKey } from '../accounts/key-keeper.ts';
import type { Callers } from '../caller.ts';
import type { ApiKey, ApiKeyWish, Store, User } from '../store/store.ts';
import { BODIES, readBody } from './bodies.ts';

const DAY_MS = 86_400_000;

/** What keys over HTTP need. */
export interface KeyRouteParts {
  readonly callers: Callers;
  readonly keys: KeyKeeper;
  readonly store: Store;
}

/** A user's own API keys. Only a login makes and revokes them: a key that got lost must not make others. */
export function addKeyRoutes(router: Router, { callers, keys, store }: KeyRouteParts): void {
  router.get('/v1/keys', async (request, response) => {
    const { id } = await callers.user(request);
    response.json({ keys: (await keys.list(id)).map(usedView) });
  });

  router.post('/v1/keys', async (request, response) => {
    const { id } = await callers.sessionUser(request);
    const user = await store.users.find(id);
    if (user?.state !== 'active') throw new MeshError('MESH_UNAUTHORIZED', 'nobody is logged in');
    const { apiKey, key } = await keys.create(user, wishOf(request));
    response.status(201).json({ ...view(apiKey), lastUsedAt: null, key });
  });

  router.delete('/v1/keys/:prefix', async (request, response) => {
    const { id } = await callers.sessionUser(request);
    await keys.revoke(id, request.params.prefix);
    response.status(204).end();
  });
}

/** What keys of other users need, too: a line in the log of who did it. */
export interface UserKeyRouteParts extends KeyRouteParts {
  readonly log: Log;
}

/**
 * Keys of any user. Administrators see and revoke them; only the operator makes one for somebody else: an administrator's
 * key that got lost must not make keys of others.
 */
export function addKeyRoutesOfUsers(router: Router, { callers, keys, store, log }: UserKeyRouteParts): void {
  const userOf = async ({ params }: { readonly params: { readonly name: string } }): Promise<User> => {
    const user = await store.users.findByName(params.name);
    if (user) return user;
    throw new MeshError('MESH_NOT_FOUND', `there is no user '${params.name}'`);
  };

  router.get('/v1/users/:name/keys', async (request, response) => {
    await callers.administrator(request);
    const { id } = await userOf(request);
    response.json({ keys: (await keys.list(id)).map(usedView) });
  });

  router.post('/v1/users/:name/keys', async (request, response) => {
    await callers.operator(request);
    const user = await userOf(request);
    if (user.state !== 'active')
      throw new MeshError('MESH_FORBIDDEN', `'${user.name}' is ${user.state}`, {
        fix: `let them in again first: ./plugmesh user reset ${user.name}`,
      });
    const { apiKey, key } = await keys.create(user, wishOf(request));
    log.info({ by: 'operator', user: user.name, prefix: apiKey.prefix }, 'an API key was made');
    response.status(201).json({ ...view(apiKey), lastUsedAt: null, key });
  });

  router.delete('/v1/users/:name/keys/:prefix', async (request, response) => {
    const by = await callers.administrator(request);
    const { id, name } = await userOf(request);
    const { prefix } = request.params;
    await keys.revoke(id, prefix);
    log.info({ by, user: name, prefix }, 'an API key was revoked');
    response.status(204).end();
  });
}

function wishOf({ body }: Request): ApiKeyWish {
  const { days, ...wish } = readBody(BODIES.key, body);
  return { ...wish, endsAt: days === null ? null : Date.now() + days * DAY_MS };
}

function usedView(key: UsedApiKey): object {
  return { ...view(key), lastUsedAt: key.lastUsedAt };
}

function view({ prefix, name, guards, plugins, createdAt, endsAt }: ApiKey): object {
  return { prefix, name, guards, plugins, createdAt, endsAt };
}
