import { definePlugin } from '@plugmesh/sdk';
import { json } from 'express';
import { Callers } from './callers.ts';
import { Callouts } from './callouts/callouts.ts';
import { ConnectionDesk } from './connections/connection-desk.ts';
import { Connections } from './connections/connections.ts';
import { signedHeaders, type ToSign } from './connections/sign.ts';
import { EndpointDesk } from './endpoints/endpoint-desk.ts';
import { Outbox } from './events/outbox.ts';
import { openapi } from './openapi.ts';
import { Outbound } from './outbound/outbound.ts';
import { addProxyRoutes } from './proxy/add-proxy-routes.ts';
import { Renewals } from './proxy/renewals.ts';
import { Reaches } from './reach/reaches.ts';
import { addConnectionRoutes } from './routes/connection-routes.ts';
import { addEndpointRoutes } from './routes/endpoint-routes.ts';
import { addPages } from './routes/pages.ts';
import { addPluginRoutes } from './routes/plugin-routes.ts';
import { Cipher } from './secrets/cipher.ts';
import { openKeyRing } from './secrets/key-ring.ts';
import { Rotation } from './secrets/rotation.ts';
import { settings } from './settings.ts';
import { openStore } from './store/store.ts';
import { TypeCatalogue } from './types/type-catalogue.ts';

definePlugin({
  openapi,
  config: settings,
  async setup({ config, stateDir, router, service, upgrade, onStop, ...context }) {
    const { log, call, identify, token, meshUrl, publish, publishDurable } = context;
    const keys = openKeyRing(config.encryptionKeys, stateDir);
    const cipher = new Cipher(keys);
    const store = await openStore({ url: config.databaseUrl, stateDir });
    onStop(() => store.close());
    const outbound = new Outbound({ allowedNetworks: config.allowedNetworks, log, headMs: config.timeoutMs });
    onStop(() => outbound.stop());
    const rotation = new Rotation({ store, keys, cipher, log });
    await rotation.tidy();

    const callers = new Callers({ identify, token });
    const types = new TypeCatalogue({ meshUrl, token, log });
    const callouts = new Callouts({ call, log, timeoutMs: config.calloutMs });
    const reaches = new Reaches({ records: store.reaches, cipher, lifeMs: config.calloutMs });
    const outbox = new Outbox({ events: store.events, publish, publishDurable, log });
    const onEvent = (): void => outbox.wake();
    const asking = { callouts, outbound, reaches };
    const desk = new EndpointDesk({ ...asking, store, types, onEvent, ...config });
    const connections = new Connections({ store, cipher, desk });
    const renewals = new Renewals({ outbound, connections, log });
    const parts = { ...asking, store, types, cipher, endpoints: desk, connections, renewals, onEvent };
    const sign = (signing: ToSign): ReturnType<typeof signedHeaders> => signedHeaders(callouts, signing);

    addPages(router);
    router.use('/v1', (_request, response, next) => {
      response.set('Cache-Control', 'no-store');
      next();
    });
    router.use(['/v1/endpoints', '/v1/keys'], json({ limit: '256kb' }));
    addEndpointRoutes(router, { callers, store, types, callouts, desk, log, fanOut: config.fanOut });
    addConnectionRoutes(router, { callers, desk: new ConnectionDesk(parts), log });
    addPluginRoutes(router, { callers, store, types, rotation });
    upgrade(addProxyRoutes(router, { ...config, ...parts, callers, log, sign }));

    service('events', (signal) => outbox.run(signal));
  },
});
