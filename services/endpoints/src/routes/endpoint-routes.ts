import type { Log } from '@plugmesh/sdk';
import type { Request, Router } from 'express';
import { addedMetadata } from '../callouts/added-metadata.ts';
import type { Callouts } from '../callouts/callouts.ts';
import type { Caller, Callers } from '../callers.ts';
import type { EndpointDesk } from '../endpoints/endpoint-desk.ts';
import { endpointView } from '../endpoints/endpoint-view.ts';
import type { EndpointRecord } from '../store/endpoint-records.ts';
import type { Store } from '../store/store.ts';
import { typeView } from '../types/endpoint-type.ts';
import type { TypeCatalogue } from '../types/type-catalogue.ts';
import { BODIES, readBody } from './bodies.ts';
import { endpointAnswer } from './views.ts';

/** What endpoints over HTTP need. */
export interface EndpointRouteParts {
  readonly callers: Callers;
  readonly store: Store;
  readonly types: TypeCatalogue;
  readonly callouts: Callouts;
  readonly desk: EndpointDesk;
  readonly log: Log;
  /** How many plugins one request asks at once. */
  readonly fanOut: number;
}

/** What there is, and registering it. */
export function addEndpointRoutes(router: Router, parts: EndpointRouteParts): void {
  const { callers, desk, types, log } = parts;
  const note = (caller: Caller, what: string, { guid, name, type }: EndpointRecord): void =>
    log.info({ by: caller.id, endpoint: guid, name, type }, what);

  router.get('/v1/types', async (request, response) => {
    await callers.user(request);
    response.json({ types: (await types.list()).map(typeView) });
  });

  router.get('/v1/endpoints', async (request, response) => {
    const caller = await callers.user(request);
    const { id, name, isAdmin: admin } = caller;
    const you = { id, name, admin, mayRegister: desk.mayRegister(caller) };
    response.json({ ...(await listed(parts, caller, request)), you });
  });

  router.post('/v1/endpoints', async (request, response) => {
    const caller = await callers.inPerson(request);
    const record = await desk.register(caller, readBody(BODIES.endpoint, request.body), request);
    note(caller, 'an endpoint was registered', record);
    response.status(201).json(alone(record));
  });

  router.get('/v1/endpoints/:guid', async (request, response) => {
    const caller = await callers.user(request);
    const record = await desk.get(caller, request.params.guid);
    const { endpoints, notes } = await listed(parts, caller, request);
    const endpoint = endpoints.find(({ guid }) => guid === record.guid) ?? alone(record);
    response.json({ ...endpoint, caCert: record.caCert, notes });
  });

  router.patch('/v1/endpoints/:guid', async (request, response) => {
    const caller = await callers.inPerson(request);
    const { guid } = request.params;
    const change = without(readBody(BODIES.endpointChange, request.body));
    const record = await desk.change(caller, { guid, change, request });
    note(caller, 'an endpoint was changed', record);
    response.json(alone(record));
  });

  router.delete('/v1/endpoints/:guid', async (request, response) => {
    const caller = await callers.inPerson(request);
    const record = await desk.unregister(caller, request.params.guid);
    note(caller, 'an endpoint was unregistered', record);
    response.status(204).end();
  });
}

async function listed(
  { desk, store, types, callouts, fanOut }: EndpointRouteParts,
  caller: Caller,
  request: Request,
) {
  const [records, connections, known] = await Promise.all([
    desk.list(caller),
    store.connections.ofUser(caller.id),
    types.list(),
  ]);
  // The user's own comes before everybody's.
  const byGuid = new Map(
    connections.toSorted((a) => (a.userId === '' ? -1 : 1)).map((each) => [each.guid, each]),
  );
  const seen = records.map((record) => ({ ...endpointView(record), connected: byGuid.has(record.guid) }));
  const added = await addedMetadata(known, seen, { callouts, caller, request, atOnce: fanOut });
  const ready = new Set(known.filter(({ available }) => available).map(({ type }) => type));
  const endpoints = records.map((record) =>
    endpointAnswer(record, {
      connection: byGuid.get(record.guid),
      added: added.byGuid.get(record.guid) ?? {},
      available: ready.has(record.type),
    }),
  );
  return { endpoints, notes: added.notes };
}

/** An endpoint that was just changed, whose type was asked: it is ready. */
function alone(record: EndpointRecord): ReturnType<typeof endpointAnswer> {
  return endpointAnswer(record, { connection: undefined, added: {}, available: true });
}

/** Members that were left out are not there at all. */
function without<T extends object>(change: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
