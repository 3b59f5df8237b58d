import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { openapi } from '../../src/openapi.ts';
import { settings } from '../../src/settings.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = read('../../docs/reference/endpoints.md');
const { config, http } = JSON.parse(read('plugin.json')) as {
  http: { routes: { path: string; maxResponse?: string }[] };
  config: { properties: Record<string, { default?: unknown; description: string }> };
};

const size = (text = 'nothing'): string => text.replace(/(?=[KMG]iB$)/, ' ');

describe('docs/reference/endpoints.md', () => {
  it('lists the routes that the API description has', () => {
    const listed = [...page.matchAll(/^\| `([A-Z]+) (\/v1[^`]*)`/gm)].map(
      ([, method, path]) => `${method} ${path}`,
    );
    const described = Object.entries(openapi.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual(listed.sort(), described.sort());
  });

  it('says how much a plugin reads at most by its way to an endpoint, as the gateway is told', () => {
    const reach = http.routes.find(({ path }) => path === '/v1/reach/**');
    assert.match(read('../../docs/reference/callouts.md'), new RegExp(`at most ${size(reach?.maxResponse)}`));
  });

  it('lists the settings of the manifest', () => {
    for (const [name, { default: initial, description }] of Object.entries(config.properties)) {
      const shown = initial === undefined ? '–' : `\`${JSON.stringify(initial)}\``;
      const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` `));
      assert.deepEqual(
        row
          ?.split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
        [`\`${name}\``, shown, description],
      );
    }
  });

  it('has the defaults that hold without a mesh, too', () => {
    const initial = Object.entries(config.properties).map(
      ([name, property]) => [name, property.default] as const,
    );
    const filled = Object.fromEntries(initial.filter(([, value]) => value !== undefined));
    assert.deepEqual(settings.parse({}), settings.parse(filled));
  });
});
