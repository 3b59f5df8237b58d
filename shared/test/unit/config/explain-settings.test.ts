import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExplainedSetting, explainSettings, masked } from '../../../src/config/index.ts';

describe('explaining settings', () => {
  let cwd: string;
  const explained = (env: NodeJS.ProcessEnv = {}): Map<string, ExplainedSetting> =>
    new Map(explainSettings({ cwd, env }).map((each) => [each.key, each]));

  before(() => {
    cwd = mkdtempSync(join(tmpdir(), 'plugmesh-explain-'));
    const toml = [
      '[gateway]',
      'port = 1',
      'api_key = "abcdefghijklmnopqrstuvwxyz012345"',
      '[plugins.ships.config]',
      'apiUrl = "https://u:pass@host/"',
      'harbour = "Kiel"',
      'token = "sesame"',
      'pilotPassword = "sesame"',
      'pin = "${PIN}"',
      'repository = "https://sesame@git.test/"',
    ];
    writeFileSync(join(cwd, 'plugmesh.toml'), toml.join('\n'));
    writeFileSync(join(cwd, '.env'), 'A=1\nPLUGMESH__CHANNEL__PORT=2\nPLUGMESH__MESH__PORT=3\n');
    writeFileSync(join(cwd, '.env.local'), 'PLUGMESH__MESH__PORT=4\n');
  });
  after(() => rmSync(cwd, { recursive: true }));

  it('says of each who said it last', () => {
    const found = explained({
      PLUGMESH__GATEWAY__HOSTS: 'a.test,b.test',
      PLUGMESH__PLUGINS__SHIPS__CONFIG__API_URL: 'x',
    });
    const of = (key: string): unknown[] => [found.get(key)?.value, found.get(key)?.from];
    assert.deepEqual(of('gateway.port'), [1, 'plugmesh.toml:2:1']);
    assert.deepEqual(of('channel.port'), [2, '.env:2 (PLUGMESH__CHANNEL__PORT)']);
    assert.deepEqual(of('mesh.port'), [4, '.env.local:1 (PLUGMESH__MESH__PORT)']);
    assert.deepEqual(of('gateway.hosts'), [['a.test', 'b.test'], 'environment (PLUGMESH__GATEWAY__HOSTS)']);
    assert.deepEqual(of('gateway.limits.url'), ['8KiB', 'default']);
    assert.deepEqual(of('core.redis_url'), [undefined, 'not set']);
    assert.deepEqual(of('plugins.ships.config.harbour'), ['Kiel', 'plugmesh.toml:6:1']);
    assert.deepEqual(of('plugins.ships.config.apiUrl'), [
      'x',
      'environment (PLUGMESH__PLUGINS__SHIPS__CONFIG__API_URL)',
    ]);
  });

  it('shows no secret: by its name, and in URLs', () => {
    const found = explained({ REDIS_URL: 'rediss://me:hunter2@host:1/0', PIN: 'sesame' });
    const of = (key: string): unknown => found.get(key)?.value;
    assert.deepEqual(
      ['gateway.api_key', 'core.redis_url', 'plugins.ships.config.apiUrl', 'plugins.ships.config.token'].map(
        of,
      ),
      ['(secret)', 'rediss://me:***@host:1/0', 'https://u:***@host/', '(secret)'],
    );
    assert.equal(of('plugins.ships.config.pin'), '${PIN}');
    assert.doesNotMatch(JSON.stringify([...found.values()]), /sesame/);
    assert.equal(of('gateway.rates.token'), '600/1m');
    assert.deepEqual(masked('list', [{ password: 'x', url: 'a://b:c@d' }]), [
      { password: '(secret)', url: 'a://b:***@d' },
    ]);
  });
});
