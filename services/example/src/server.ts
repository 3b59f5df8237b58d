import { createServer } from 'node:http';
import { attach } from '@plugmesh/sdk';
import { openapi } from './openapi.ts';

const server = createServer();

attach<{ greeting: string }>(server, {
  openapi,
  setup({ config, publish }) {
    server.on('request', (request, response) => {
      const { searchParams } = new URL(request.url ?? '/', 'http://plugin');
      const name = searchParams.get('name') ?? 'world';
      void publish('example', 'greeted', { name });
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ example: `${config.greeting}, ${name}` }));
    });
  },
});
