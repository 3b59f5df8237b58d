import { definePlugin } from '@plugmesh/sdk';
import openapi from './openapi.json' with { type: 'json' };

// When and about what it is asked is in plugin.json.
definePlugin({
  openapi,
  setup({ middleware }) {
    middleware(({ headers }, response) => {
      // Any answer is the client's; without one the request goes on, with this header.
      if (headers['x-refuse-me'] !== undefined)
        response.status(403).json({ detail: 'plugin-name refuses this' });
      else response.set('X-Checked-By', 'plugin-name');
    });
  },
});
