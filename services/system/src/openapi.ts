const json = (description: string, schema: object): object => ({
  '200': { description, content: { 'application/json': { schema } } },
});

const number = { type: 'number' };

const systemSchema = {
  type: 'object',
  properties: {
    hostname: { type: 'string' },
    uptimeSeconds: { type: 'integer' },
    cpu: { type: 'object', properties: { cores: { type: 'integer' }, percent: number } },
    load: { type: 'array', items: number, description: 'Averages over 1, 5 and 15 minutes' },
    memory: {
      type: 'object',
      properties: { totalBytes: { type: 'integer' }, availableBytes: { type: 'integer' }, percent: number },
    },
  },
};

const interfaceSchema = {
  type: 'object',
  properties: {
    iface: { type: 'string' },
    addresses: { type: 'array', items: { type: 'string' }, description: 'IPv4 and IPv6, as CIDR' },
    rate: {
      type: ['object', 'null'],
      description: 'Bytes per second; null before the second sample',
      properties: { receive: number, send: number },
    },
    rx: { type: 'string', description: 'Received, for people' },
    tx: { type: 'string', description: 'Sent, for people' },
  },
};

/** The plugin's API description (OpenAPI 3.1). */
export const openapi = {
  openapi: '3.1.0',
  info: { title: 'System', version: '0.1.0', description: 'What the machine that runs the mesh is doing.' },
  paths: {
    '/': { get: { summary: 'Processor, load, memory and uptime', responses: json('Now', systemSchema) } },
    '/net': {
      get: {
        summary: 'Interfaces with their addresses and live rates',
        responses: json('The last sample', { type: 'array', items: interfaceSchema }),
      },
    },
  },
};
