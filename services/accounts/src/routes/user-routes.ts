import type { Log } from '@plugmesh/sdk';
import type { Router } from 'express';
import type { OneTimeLink, UserDesk } from '../accounts/user-desk.ts';
import type { Callers } from '../caller.ts';
import type { User } from '../store/store.ts';
import { BODIES, readBody } from './bodies.ts';

/** What looking after users over HTTP needs. */
export interface UserRouteParts {
  readonly callers: Callers;
  readonly desk: UserDesk;
  readonly log: Log;
}

/** What administrators do, each with a line in the log of who did it. */
export function addUserRoutes(router: Router, { callers, desk, log }: UserRouteParts): void {
  const note = (by: string, what: string, { name, roles }: User): void =>
    log.info({ by, user: name, roles }, what);

  router.get('/v1/users', async (request, response) => {
    await callers.administrator(request);
    response.json({ users: (await desk.list()).map(view) });
  });

  router.post('/v1/users', async (request, response) => {
    const by = await callers.administrator(request);
    const { name, roles } = readBody(BODIES.newUser, request.body);
    const { user, link } = await desk.create(name, roles);
    note(by, 'a user was created', user);
    response.status(201).json({ ...view(user), ...linkView(link) });
  });

  router.get('/v1/users/:name', async (request, response) => {
    await callers.administrator(request);
    response.json(view(await desk.get(request.params.name)));
  });

  router.patch('/v1/users/:name', async (request, response) => {
    const by = await callers.administrator(request);
    const user = await desk.setRoles(request.params.name, readBody(BODIES.userChange, request.body).roles);
    note(by, 'a user was given other roles', user);
    response.json(view(user));
  });

  router.post('/v1/users/:name/revoke', async (request, response) => {
    const by = await callers.administrator(request);
    const user = await desk.revoke(request.params.name);
    note(by, 'a user was revoked', user);
    response.json(view(user));
  });

  router.post('/v1/users/:name/reset', async (request, response) => {
    const by = await callers.administrator(request);
    const { user, link } = await desk.reset(request.params.name);
    note(by, 'a user was reset', user);
    response.json({ ...view(user), ...linkView(link) });
  });
}

function view({ id, name, roles, state, createdAt }: User): object {
  return { id, name, roles, state, createdAt };
}

function linkView({ link, endsAt }: OneTimeLink): object {
  return { link, linkEndsAt: endsAt };
}
