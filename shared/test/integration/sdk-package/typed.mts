import { attach, BasePlugin, definePlugin, type Reply, type RequestData } from '@plugmesh/sdk';
import { createServer } from 'node:http';
import { z } from 'zod';

interface Topics {
  readonly ships: { readonly moved: { readonly lat: number } };
  readonly [stream: `streaming-${string}`]: { readonly 'new-data': readonly number[] };
}

definePlugin({
  config: z.object({ start: z.int() }),
  topics: {} as Topics,
  async init({ config }) {
    return Promise.resolve({ first: config.start + 1 });
  },
  async setup({ log, state, config, publish, subscribe, service, job }) {
    const sum: number = state.first + config.start;
    await publish('ships', 'moved', { lat: sum });
    await publish('streaming-7', 'new-data', [1]);
    // @ts-expect-error a topic that is none
    await publish('boats', 'moved', { lat: 1 });
    // @ts-expect-error an event that is none
    await publish('ships', 'sank', { lat: 1 });
    // @ts-expect-error a payload that does not fit
    await publish('ships', 'moved', { lat: 'north' });
    // @ts-expect-error settings have no such member
    log.info(config.stop);
    subscribe('from:ships:hail', z.object({ name: z.string() }), ({ name }) => void name.trim());
    service('count', async (_signal, counter) => Promise.resolve(void counter.n.toFixed()), { n: 0 });
    job(({ input }) => Promise.resolve(input.pages.toFixed()), {
      input: z.object({ pages: z.int() }),
    });
  },
});

class Example extends BasePlugin {
  requestHandler({ subPath }: RequestData): Reply {
    return [200, subPath.length];
  }
}
definePlugin(Example);

attach(createServer(), {
  setup(context) {
    context.log.info(context.id);
    // @ts-expect-error the server has the routes
    context.log.info(context.router);
  },
});
