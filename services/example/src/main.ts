import { definePlugin } from '@plugmesh/sdk';
import { openapi } from './openapi.ts';

definePlugin<{ greeting: string }>({
  openapi,
  setup({ router, config, publish }) {
    router.get('/', async ({ query }, response) => {
      const name = typeof query['name'] === 'string' ? query['name'] : 'world';
      await publish('example', 'greeted', { name });
      response.json({ example: `${config.greeting}, ${name}` });
    });
  },
});
