import { definePlugin, MeshError } from '@plugmesh/sdk';
import openapi from './openapi.json' with { type: 'json' };

// How users connect, and which hooks are here, is in plugin.json. `reach` is fetch below the URL that was registered.
definePlugin({
  openapi,
  setup({ endpointType }) {
    endpointType('plugin-name', {
      async info({ reach }) {
        const answer = await reach('/api/version');
        const version = await answer.json().catch(() => null);
        if (answer.ok && version) return { metadata: version };
        throw new MeshError('MESH_ENDPOINT_INVALID', `/api/version answers ${answer.status}`);
      },

      async connect({ credentials, reach }) {
        const headers = { 'content-type': 'application/json' };
        const answer = await reach('/api/login', {
          method: 'POST',
          headers,
          body: JSON.stringify(credentials),
        });
        if (!answer.ok) throw new MeshError('MESH_ENDPOINT_CREDENTIALS', 'user or password is wrong');
        const { token, user } = await answer.json();
        return { token: { headers: { authorization: `Bearer ${token}` } }, user };
      },

      // Here `reach` sends the token along.
      async validate({ reach }) {
        const answer = await reach('/api/me');
        if (!answer.ok) throw new MeshError('MESH_ENDPOINT_EXPIRED', 'the token has ended: connect again');
      },
    });
  },
});
