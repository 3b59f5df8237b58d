import { definePlugin } from '@plugmesh/sdk';
import { openapi } from './openapi.ts';
import { introduce, requireLogin } from './prometheus.ts';
import { addQueryRoutes } from './query-routes.ts';
import { findSources, TYPE } from './sources.ts';

definePlugin({
  openapi,
  setup(context) {
    context.endpointType(TYPE, {
      info: async ({ reach }) => ({ metadata: await introduce(reach) }),
      validate: ({ reach }) => requireLogin(reach),
      updateMetadata: async ({ endpoints, reachOf }) => {
        const sources = await findSources(endpoints, reachOf);
        return Object.fromEntries(Object.entries(sources).map(([guid, found]) => [guid, { sources: found }]));
      },
    });
    addQueryRoutes(context);
  },
});
