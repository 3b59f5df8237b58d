import { MeshError } from '@plugmesh/sdk';
import type { Router } from 'express';
import type { KeyKeeper } from '../accounts/key-keeper.ts';
import type { Callers } from '../caller.ts';
import type { ApiKey, Store } from '../store/store.ts';
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
    const list = await keys.list(id);
    response.json({ keys: list.map((key) => ({ ...view(key), lastUsedAt: key.lastUsedAt })) });
  });

  router.post('/v1/keys', async (request, response) => {
    const { id } = await callers.sessionUser(request);
    const { days, ...wish } = readBody(BODIES.key, request.body);
    const user = await store.users.find(id);
    if (user?.state !== 'active') throw new MeshError('MESH_UNAUTHORIZED', 'nobody is logged in');
    const endsAt = days === null ? null : Date.now() + days * DAY_MS;
    const { apiKey, key } = await keys.create(user, { ...wish, endsAt });
    response.status(201).json({ ...view(apiKey), lastUsedAt: null, key });
  });

  router.delete('/v1/keys/:prefix', async (request, response) => {
    const { id } = await callers.sessionUser(request);
    await keys.revoke(id, request.params.prefix);
    response.status(204).end();
  });
}

function view({ prefix, name, guards, plugins, createdAt, endsAt }: ApiKey): object {
  return { prefix, name, guards, plugins, createdAt, endsAt };
}
