import { definePlugin } from '@plugmesh/sdk';
import openapi from './openapi.json' with { type: 'json' };

// Names, guards and who may join and push are in plugin.json.
definePlugin({
  openapi,
  setup({ router, service, publish, subscribe, clock }) {
    const report = { seconds: 0 };
    router.get('/', (_request, response) => void response.json(report));

    // What this plugin is for: it counts, and tells whoever has joined the topic. When it throws, it is started again.
    service('count', async (signal) => {
      for (;;) {
        await clock.delay(1000, signal);
        report.seconds += 1;
        await publish('plugin-name', 'tick', report);
      }
    });

    // The payload comes from any browser: trust nothing in it, or give a schema as second argument.
    subscribe('from:plugin-name:ping', async () => {
      await publish('plugin-name', 'pong', report);
    });
  },
});
