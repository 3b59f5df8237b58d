import { definePlugin, userOf } from '@plugmesh/sdk';
import openapi from './openapi.json' with { type: 'json' };

// Names and guards are in plugin.json.
definePlugin({
  openapi,
  setup({ router, session, identify }) {
    router.get('/', (_request, response) => void response.json({ hello: 'plugin-name' }));

    // At /v1: whoever is no user is answered 401, here as at the gateway.
    session.get('/me', async (request, response) => {
      const identity = await identify(request);
      response.json({ user: userOf(identity), roles: 'roles' in identity ? identity.roles : [] });
    });
  },
});
