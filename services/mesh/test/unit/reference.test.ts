import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MeshPlugin, PluginState } from '@plugmesh/shared/mesh-document';
import { managedProcess } from '@plugmesh/shared/processes';
import { createControlRoutes, type ControlRoutesOptions } from '../../src/control-routes.ts';
import { pluginsView, statusView } from '../../src/status.ts';

const page = readFileSync(join(import.meta.dirname, '../../../../docs/reference/mesh-api.md'), 'utf8');

/** The names in backticks of the section with this heading, down to the next one. */
function namesIn(heading: string): Set<string> {
  const section = page.split(/^## /m).find((each) => each.startsWith(heading)) ?? '';
  const code = [...section.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
  return new Set(code.flatMap((text) => text.match(/\w+/g) ?? []));
}

// A state that is missing here, or one too many, does not compile.
const STATES = Object.keys({
  starting: 0,
  ready: 0,
  stopped: 0,
  unready: 0,
  disabled: 0,
  skipped: 0,
  invalid: 0,
} satisfies Record<PluginState, 0>);

describe('docs/reference/mesh-api.md', () => {
  it('lists exactly the routes that are served', () => {
    const app = createControlRoutes({} as unknown as ControlRoutesOptions);
    const served = app.router.stack.flatMap(({ route }) =>
      route ? route.stack.map(({ method }) => `${method.toUpperCase()} ${route.path}`) : [],
    );
    const listed = [...page.matchAll(/^\| `([A-Z]+ \/[^`]*)`/gm)].map(([, route = '']) =>
      route.replaceAll(/<(\w+)>/g, ':$1'),
    );
    assert.deepEqual(listed.sort(), served.sort());
  });

  it('lists exactly the states of a plugin', () => {
    const listed = [...page.matchAll(/^\| `(\w+)` /gm)].map(([, state]) => state);
    assert.deepEqual(listed.sort(), STATES.sort());
  });

  it('names every member of a plugin', () => {
    const plugin = {
      id: 'ships',
      title: 'Ships',
      description: 'all of them',
      version: '1.0.0',
      language: 'node',
      reason: 'none',
      source: 'manifest',
      enabled: true,
      state: 'ready',
      http: {
        prefix: '/api/ships',
        guard: 'public',
        aliases: [],
        routes: [],
        timeoutMs: 1,
        maxBody: 1,
        maxResponse: 1,
      },
      failure: { code: 'MESH_PLUGIN_EXITED', message: '', lines: [] },
      instances: [],
    } as unknown as MeshPlugin;
    const middleware = [{ plugin: 'ships', phase: 'public', order: 1, match: ['/'], onError: 'deny' }];
    const document = { version: 1, mode: 'development', plugins: [plugin], middleware };
    const view = pluginsView(document as never, { isInCharge: true }, () => undefined) as {
      plugins: object[];
    };
    assertNamed(
      [...Object.keys(view), ...Object.keys(view.plugins[0] ?? {})],
      namesIn('`GET /mesh/plugins`'),
    );
  });

  it('names every member of the status', () => {
    const input = {
      document: { version: 1, mode: 'development' } as never,
      isLeading: true,
      isRedisConnected: true,
      redisRights: undefined,
      processes: [managedProcess({ name: 'mesh', pid: 1, pm2_env: {} })],
    };
    const view = statusView(input, { isInCharge: true }) as { processes: object[] };
    assertNamed(
      [...Object.keys(view), ...Object.keys(view.processes[0] ?? {})],
      namesIn('`GET /mesh/status`'),
    );
  });
});

function assertNamed(members: readonly string[], names: ReadonlySet<string>): void {
  assert.deepEqual(
    members.filter((member) => !names.has(member)),
    [],
  );
}
