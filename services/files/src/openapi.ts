const problem = (description: string): object => ({
  description,
  content: { 'application/problem+json': { schema: { type: 'object' } } },
});

const bytes = { '*/*': { schema: { type: 'string', format: 'binary' } } };

/** The plugin's API description (OpenAPI 3.1). */
export const openapi = {
  openapi: '3.1.0',
  info: { title: 'Files', version: '0.1.0', description: 'The files of a folder.' },
  paths: {
    '/{path}': {
      get: {
        summary: 'A file; for a folder, with a slash at the end, its index page',
        parameters: [
          {
            name: 'path',
            in: 'path',
            required: true,
            schema: { type: 'string' },
            description: 'With slashes',
          },
          { name: 'Range', in: 'header', schema: { type: 'string' }, description: 'bytes=0-99' },
        ],
        responses: {
          '200': { description: 'The file', content: bytes },
          '206': { description: 'A part of it', content: bytes },
          '301': { description: 'A folder: the same with a slash' },
          '304': { description: 'As the client has it' },
          '404': problem('There is no such file'),
          '416': { description: 'A range that the file does not have' },
        },
      },
    },
  },
};
