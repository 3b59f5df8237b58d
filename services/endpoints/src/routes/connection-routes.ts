import { MeshError, type Log } from '@plugmesh/sdk';
import type { Router } from 'express';
import type { Caller, Callers } from '../callers.ts';
import type { ConnectionDesk } from '../connections/connection-desk.ts';
import { BODIES, QUERIES, readBody, readQuery } from './bodies.ts';
import { connectionView } from './views.ts';

/** What connections over HTTP need. */
export interface ConnectionRouteParts {
  readonly callers: Callers;
  readonly desk: ConnectionDesk;
  readonly log: Log;
}

const PATH = '/v1/endpoints/:guid/connection';

/** A user's connections, and those that administrators make for everybody. */
export function addConnectionRoutes(router: Router, { callers, desk, log }: ConnectionRouteParts): void {
  const note = (caller: Caller, what: string, about: { guid: string; shared: boolean }): void =>
    log.info({ by: caller.id, endpoint: about.guid, shared: about.shared }, what);

  router.get(PATH, async (request, response) => {
    const caller = await callers.user(request);
    const record = await desk.find(caller, request.params.guid);
    if (!record) throw notConnected(request.params.guid);
    response.json(connectionView(record));
  });

  router.post(PATH, async (request, response) => {
    const caller = await callers.inPerson(request);
    const wish = { guid: request.params.guid, ...readBody(BODIES.connection, request.body) };
    if (wish.shared) requireAdministrator(caller);
    const record = await desk.connect(caller, wish, request);
    note(caller, 'somebody connected to an endpoint', wish);
    response.status(201).json(connectionView(record));
  });

  router.delete(PATH, async (request, response) => {
    const caller = await callers.inPerson(request);
    const shared = readQuery(QUERIES.connection, request.query).shared === '1';
    if (shared) requireAdministrator(caller);
    const about = { guid: request.params.guid, shared };
    await desk.disconnect(caller, about);
    note(caller, 'somebody disconnected from an endpoint', about);
    response.status(204).end();
  });

  router.post(`${PATH}/validate`, async (request, response) => {
    const caller = await callers.inPerson(request);
    await desk.validate(caller, request.params.guid, request);
    response.status(204).end();
  });
}

function requireAdministrator({ isAdmin }: Caller): void {
  if (isAdmin) return;
  throw new MeshError('MESH_FORBIDDEN', 'connections for everybody are made and ended by administrators', {
    fix: "leave 'shared' out to connect yourself",
  });
}

function notConnected(guid: string): MeshError {
  return new MeshError(
    'MESH_ENDPOINT_NOT_CONNECTED',
    'there is no connection of yours, and none for everybody',
    {
      fix: `connect: POST /api/endpoints/v1/endpoints/${guid}/connection`,
    },
  );
}
