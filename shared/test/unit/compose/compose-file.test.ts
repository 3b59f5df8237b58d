import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MeshProblems } from '@plugmesh/shared/errors';
import { parse } from 'yaml';
import { composeOf, folderWith } from './test-files.ts';

const ROOT = join(import.meta.dirname, '../../../..');

const node = (name: string, more: object = {}) => ({ name, run: ['node', 'main.ts'], ...more });
const go = (name: string, more: object = {}) => ({
  name,
  run: ['./.build/main'],
  setup: [['go', 'build', '-o', '.build/main']],
  ...more,
});

interface Container {
  readonly build: string;
  readonly image: string;
  readonly working_dir?: string;
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly depends_on: Readonly<Record<string, { readonly condition: string }>>;
  readonly tmpfs: readonly string[];
  readonly [key: string]: unknown;
}

describe('the compose file', () => {
  const folders: string[] = [];
  afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

  function compose(files: Readonly<Record<string, unknown>>, env: NodeJS.ProcessEnv = {}) {
    const folder = folderWith(files);
    folders.push(folder);
    const { file, text } = composeOf(folder, env);
    const { services } = parse(text, { merge: true }) as { services: Record<string, Container | undefined> };
    const service = (name: string): Container => {
      const found = services[name];
      assert.ok(found, `no service '${name}'`);
      return found;
    };
    return { names: Object.keys(services), service, text, problems: file.problems };
  }

  it('in the repository is what is printed for the shipped files', () => {
    const refresh = './plugmesh compose >docker-compose.yml';
    const { file, text } = composeOf(ROOT);
    assert.deepEqual(file.problems, []);
    assert.equal(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), text, `it is stale: ${refresh}`);
  });

  it('has a guide that shows the Dockerfile of a shipped plugin as it is', () => {
    const guide = readFileSync(join(ROOT, 'docs/guides/deploy-compose.md'), 'utf8');
    const [, file = '', shown] = /^```dockerfile (\S+)\n(.*?)^```/ms.exec(guide) ?? [];
    assert.equal(readFileSync(join(ROOT, file), 'utf8'), shown);
  });

  it('has Redis, the three services and the enabled local plugins', () => {
    const { names } = compose({
      'plugmesh.toml':
        '[plugins.off]\nenabled = false\n[plugins.far]\nurl = "http://10.0.0.1:80"\n[plugins.known]\nurl = "http://10.0.0.2:80"',
      'services/off/plugin.json': node('off'),
      'services/known/plugin.json': node('known'),
      'services/ships/plugin.json': node('ships'),
    });
    assert.deepEqual(names, ['redis', 'mesh', 'gateway', 'channel', 'ships']);
  });

  it('follows from the files alone: no variable of this machine changes it', () => {
    const files = { 'services/ships/plugin.json': node('ships') };
    const env = { PLUGMESH__GATEWAY__PORT: '8080', PLUGMESH__PLUGINS__SHIPS__ENABLED: 'false' };
    assert.equal(compose(files, env).text, compose(files).text);
  });

  it('runs a Node plugin in the common image and gives it what it is promised', () => {
    const ships = compose({
      'plugmesh.toml': '[plugins.ships]\npath = "/ships"\n[plugins.ships.config]\nspeed = 3',
      'services/ships/plugin.json': node('ships', { port: 9000 }),
    }).service('ships');
    assert.equal(ships.build, '.');
    assert.equal(ships.working_dir, '/app/services/ships');
    assert.deepEqual(ships.command, ['node', 'main.ts']);
    assert.deepEqual(ships.environment, {
      PORT: '9000',
      HOST: '0.0.0.0',
      PLUGMESH_PLUGIN: 'ships',
      PLUGMESH_URL: 'http://gateway:2345',
      PLUGMESH_PREFIX: '/ships',
      PLUGMESH_CONFIG: '{"speed":3}',
      PLUGMESH_MESH:
        '{"mode":"production","logLevel":"info","gateway":{"host":"127.0.0.1","port":2345,"hosts":[],"cors":{"origins":[],"credentials":false}}}',
      PLUGMESH_TOKEN: '${PLUGMESH_TOKEN_SHIPS:?run ./plugmesh init}',
      REDIS_URL: 'redis://plugmesh_ships:${PLUGMESH_REDIS_PASSWORD_SHIPS:?run ./plugmesh init}@redis:6379',
    });
  });

  it('gives a plugin that keeps files a volume for them', () => {
    const { service, text } = compose({ 'services/ships/plugin.json': node('ships', { state: true }) });
    assert.deepEqual(service('ships')['volumes'], ['ships:/app/.plugmesh']);
    assert.equal(service('ships').environment['PLUGMESH_STATE'], '/app/.plugmesh/plugins/ships');
    assert.match(text, /^volumes:\n {2}redis: \{\}\n {2}mesh: \{\}\n {2}ships: \{\}$/m);
  });

  it('builds a plugin with a Dockerfile from its folder', () => {
    const { service } = compose({
      'services/hello-go/plugin.json': go('hello-go', { instances: 2 }),
      'services/hello-go/Dockerfile': 'FROM scratch\n',
    });
    const hello = service('hello-go');
    assert.equal(hello.build, './services/hello-go');
    assert.equal(hello.image, '${PLUGMESH_IMAGE:-plugmesh}-hello-go:${PLUGMESH_TAG:-latest}');
    assert.equal(hello.command, undefined);
    assert.equal(hello['scale'], 2);
  });

  it('tells mesh, gateway and channel where everything is', () => {
    const { service } = compose({ 'services/my-ships/plugin.json': node('my-ships', { port: 9000 }) });
    for (const name of ['mesh', 'gateway', 'channel']) {
      const { environment } = service(name);
      assert.equal(environment['PLUGMESH__PLUGINS__MY_SHIPS__URL'], 'http://my-ships:9000');
      assert.equal(environment['PLUGMESH__CHANNEL__URL'], 'http://channel:2347');
      assert.equal(environment['PLUGMESH_SECRET'], '${PLUGMESH_SECRET:?run ./plugmesh init}');
    }
  });

  it('names the configuration where it is not called plugmesh.toml', () => {
    const files = { 'other.toml': '[gateway]\nport = 8080', 'services/ships/plugin.json': node('ships') };
    const gateway = compose(files, { PLUGMESH_FILE: 'other.toml' }).service('gateway');
    assert.equal(gateway.environment['PLUGMESH_FILE'], 'other.toml');
    assert.deepEqual(gateway['ports'], ['127.0.0.1:${PLUGMESH_PORT:-8080}:8080']);
  });

  it('asks for health with whatever path the manifest has', () => {
    const { service } = compose({
      'services/ships/plugin.json': node('ships', { http: { health: "/it's$fine" } }),
    });
    const { test } = service('ships')['healthcheck'] as { test: readonly string[] };
    assert.match(test[3] ?? '', /\.get\("http:\/\/127\.0\.0\.1:8000\/it's\$\$fine", /);
  });

  it('gives every service no rights, a read-only root and a way back', () => {
    const { names, service } = compose({ 'services/ships/plugin.json': node('ships') });
    for (const name of names) {
      const { cap_drop: dropped, read_only: readOnly, restart, healthcheck } = service(name);
      assert.deepEqual([dropped, readOnly, restart], [['ALL'], true, 'unless-stopped'], name);
      assert.ok(healthcheck, name);
    }
  });

  it('stops no sooner than open requests may end', () => {
    const { service } = compose({ 'plugmesh.toml': '[gateway.limits]\ndrain = "30s"' });
    assert.equal(service('gateway')['stop_grace_period'], '35s');
  });

  it('limits the memory of what has a limit', () => {
    const { service } = compose({
      'plugmesh.toml': '[gateway.limits]\nmemory = "256MiB"\n[plugins.ships]\nlimits.memory = "64MiB"',
      'services/ships/plugin.json': node('ships'),
    });
    const limits = ['gateway', 'channel', 'ships'].map((name) => service(name)['mem_limit']);
    assert.deepEqual(limits, [256 * 1024 ** 2, undefined, 64 * 1024 ** 2]);
  });

  it('waits for the plugins that one depends on, for their health where the image tells it', () => {
    const { service } = compose({
      'services/a/plugin.json': node('a', { dependsOn: ['b', 'c', 'd', 'left-out'] }),
      'services/b/plugin.json': node('b'),
      'services/c/plugin.json': go('c'),
      'services/c/Dockerfile': 'FROM scratch\nHEALTHCHECK CMD ["/c"]\n',
      'services/d/plugin.json': go('d'),
      'services/d/Dockerfile': 'FROM scratch\n',
      'services/left-out/plugin.json': go('left-out'),
    });
    assert.deepEqual(service('a').depends_on, {
      redis: { condition: 'service_healthy' },
      b: { condition: 'service_healthy' },
      c: { condition: 'service_healthy' },
      d: { condition: 'service_started' },
    });
  });

  it('leaves out what has no image, and says what is missing', () => {
    const { names, problems } = compose({
      'plugmesh.toml': '[plugins.aside]\nfolder = "aside"',
      'aside/plugin.json': node('aside'),
      'services/broken/plugin.json': '{}',
      'services/lonely/plugin.json': node('lonely', { dependsOn: ['nobody'] }),
      'services/built/plugin.json': node('built', { setup: [['npm', 'run', 'build']] }),
      'services/hello-go/plugin.json': go('hello-go'),
    });
    assert.deepEqual(names, ['redis', 'mesh', 'gateway', 'channel']);
    const said = problems.map(({ message, fix = '' }) => `${message}: ${fix}`).join('\n');
    assert.match(said, /'hello-go' is left out.*services\/hello-go\/Dockerfile/);
    assert.match(said, /'built' is left out.*services\/built\/Dockerfile/);
    assert.match(said, /'aside' is left out.*services\//);
    assert.match(said, /'name'/);
    assert.match(said, /'lonely' depends on 'nobody'/);
  });

  it('holds names of variables, never what they are set to', () => {
    const env = {
      SHIPS_KEY: 'hush-1',
      PLUGMESH_SECRET: 'hush-2',
      PLUGMESH__PLUGINS__SHIPS__CONFIG__PIN: 'hush-3',
    };
    const { text, service } = compose(
      {
        'plugmesh.toml': '[plugins.ships.config]\nkey = "a${SHIPS_KEY}"\nprice = "$5"',
        '.env': 'SHIPS_KEY=hush-4\nREDIS_URL=redis://:hush-5@127.0.0.1:1\n',
        'services/ships/plugin.json': node('ships'),
      },
      env,
    );
    assert.doesNotMatch(text, /hush/);
    const config = service('ships').environment['PLUGMESH_CONFIG'];
    assert.equal(config, '{"key":"a${SHIPS_KEY:?set SHIPS_KEY in .env}","price":"$$5"}');
    assert.equal(service('mesh').environment['SHIPS_KEY'], '${SHIPS_KEY:?set SHIPS_KEY in .env}');
    assert.equal(service('ships').environment['SHIPS_KEY'], undefined);
  });

  it('fills in the defaults of the schema, and leaves numbers numbers when they are references', () => {
    const properties = {
      port: { type: 'integer' },
      depth: { type: 'integer', default: 3 },
      key: { type: 'string', minLength: 20 },
    };
    const config = (toml: string): string | undefined =>
      compose({
        'plugmesh.toml': `[plugins.ships.config]\n${toml}`,
        'services/ships/plugin.json': node('ships', { config: { type: 'object', properties } }),
      }).service('ships').environment['PLUGMESH_CONFIG'];
    assert.equal(config('port = 5'), '{"port":5,"depth":3}');
    assert.equal(
      config('port = "${PORT}"\nkey = "${KEY}"'),
      '{"depth":3,"port":${PORT:?set PORT in .env},"key":"${KEY:?set KEY in .env}"}',
    );
  });

  it('is refused while a secret stands in plugmesh.toml', () => {
    const schema = { type: 'object', properties: { key: { type: 'string', writeOnly: true } } };
    const files = (value: string) => ({
      'plugmesh.toml': `[plugins.ships.config]\nkey = "${value}"`,
      'services/ships/plugin.json': node('ships', { config: schema }),
    });
    assert.throws(
      () => compose(files('hush')),
      (error) =>
        error instanceof MeshProblems &&
        /'plugins\.ships\.config\.key' is a secret/.test(error.message) &&
        !error.message.includes('hush'),
    );
    assert.ok(compose(files('${KEY}')).names.includes('ships'));
  });

  it('is read the same by YAML 1.1, which knows more words and numbers', () => {
    const { text } = compose({
      'services/ships/plugin.json': node('ships', { run: ['node', 'on', '0:22', 'yes', '~'] }),
    });
    const old = parse(text, { version: '1.1' }) as { services: Record<string, Container> };
    assert.deepEqual(old.services['ships']?.command, ['node', 'on', '0:22', 'yes', '~']);
  });
});
