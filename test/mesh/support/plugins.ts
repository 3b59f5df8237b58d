import type { PluginFiles } from './test-mesh.ts';

const SERVER = `import { createServer } from 'node:http';
const server = (answer) => createServer(answer).listen(Number(process.env.PORT), process.env.HOST);
`;

/** A plugin in plain Node whose main file is this code; \`server\` listens where it should. */
export function plugin(id: string, code: string, manifest: object = {}): PluginFiles {
  return {
    'main.mjs': SERVER + code,
    'plugin.json': { name: id, run: ['node', 'main.mjs'], http: { guard: 'public' }, ...manifest },
  };
}

/** Answers with its environment. */
export function environmentPlugin(id: string): PluginFiles {
  return plugin(id, 'server((req, res) => res.end(JSON.stringify(process.env)));');
}
