/** The plugin's API description (OpenAPI 3.1). */
export const openapi = {
  openapi: '3.1.0',
  info: { title: 'Example', version: '0.1.0', description: 'The smallest plugin.' },
  paths: {
    '/': {
      get: {
        summary: 'A greeting',
        parameters: [{ name: 'name', in: 'query', schema: { type: 'string' } }],
        responses: {
          '200': {
            description: 'The greeting',
            content: {
              'application/json': {
                schema: { type: 'object', properties: { example: { type: 'string' } } },
              },
            },
          },
        },
      },
    },
  },
};
