import type { Router } from 'express';
import type { Callers } from '../callers.ts';
import type { Rotation } from '../secrets/rotation.ts';
import type { Store } from '../store/store.ts';
import type { TypeCatalogue } from '../types/type-catalogue.ts';
import { QUERIES, readQuery } from './bodies.ts';
import { eventView } from './views.ts';

/** What plugins and the operator ask needs. */
export interface PluginRouteParts {
  readonly callers: Callers;
  readonly store: Store;
  readonly types: TypeCatalogue;
  readonly rotation: Rotation;
}

/** What is for other plugins and for the operator, and for no user. */
export function addPluginRoutes(router: Router, { callers, store, types, rotation }: PluginRouteParts): void {
  router.get('/v1/events', async (request, response) => {
    const plugin = await callers.plugin(request);
    const { after, limit } = readQuery(QUERIES.events, request.query);
    const own = (await types.list()).filter((type) => type.plugin === plugin).map(({ type }) => type);
    // Before the events: one that comes meanwhile is read next time.
    const { first, last } = await store.events.bounds();
    const events = await store.events.after(after, own, limit);
    response.json({
      events: events.map(eventView),
      next: events.length === limit ? (events.at(-1)?.id ?? after) : Math.max(last, events.at(-1)?.id ?? 0),
      // False: some of what followed is no longer kept, or it is another database. Who begins wants what there is.
      complete: after === 0 || (after + 1 >= first && after <= last),
    });
  });

  router.post('/v1/keys/rotate', async (request, response) => {
    await callers.operator(request);
    response.json(await rotation.run());
  });
}
