import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, type Config } from '@plugmesh/shared/config';
import { MeshProblems, type MeshError } from '@plugmesh/shared/errors';

type Files = Readonly<Record<string, string>>;

describe('loadConfig', () => {
  let folder: string;

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plugmesh-config-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  function load(files: Files = {}, env: NodeJS.ProcessEnv = {}): Config {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return loadConfig({ cwd: folder, env });
  }

  function problems(files: Files, env: NodeJS.ProcessEnv = {}): readonly MeshError[] {
    try {
      load(files, env);
    } catch (error) {
      assert.ok(error instanceof MeshProblems, String(error));
      return error.problems;
    }
    assert.fail('no problem was found');
  }

  function toml(text: string): Files {
    return { 'plugmesh.toml': text };
  }

  describe('without a file', () => {
    it('has a default for everything', () => {
      const config = load();
      assert.equal(config.root, folder);
      assert.equal(config.file, undefined);
      assert.equal(config.mode, 'production');
      assert.equal(config.gateway.port, 2345);
      assert.equal(config.gateway.limits.url, 8192);
      assert.equal(config.channel.tokenTtlMs, 600_000);
      assert.equal(config.stateDir, join(folder, '.plugmesh'));
      assert.deepEqual(config.plugins, ['*']);
    });

    it('is what an empty file gives', () => {
      const defaults = load();
      const file = join(folder, 'plugmesh.toml');
      assert.deepEqual(load(toml('')), { ...defaults, file });
    });

    it('is frozen to the bottom', () => {
      const config = load(toml('[plugins.a.config]\nlist = [1]'));
      for (const part of [config, config.gateway.limits, config.pluginSettings['a']?.config['list']]) {
        assert.ok(Object.isFrozen(part));
      }
    });
  });

  describe('precedence', () => {
    const ports = (name: string): string => `PLUGMESH__GATEWAY__PORT=${name}`;
    const layers: [string, Files, NodeJS.ProcessEnv][] = [
      ['plugmesh.toml', toml('[gateway]\nport = 1')],
      ['.env', { '.env': ports('2') }],
      ['.env.local', { '.env.local': ports('3') }],
      ['the environment', {}, { PLUGMESH__GATEWAY__PORT: '4' }],
    ].map(([name, files, env = {}]) => [name, files, env] as [string, Files, NodeJS.ProcessEnv]);

    for (const [at, [name]] of layers.entries()) {
      it(`puts ${name} above everything before it`, () => {
        const some = layers.slice(0, at + 1);
        const files = Object.assign({}, ...some.map(([, each]) => each)) as Files;
        const env = Object.assign({}, ...some.map(([, , each]) => each)) as NodeJS.ProcessEnv;
        assert.equal(load(files, env).gateway.port, at + 1);
      });
    }

    it('takes an empty variable as not set', () => {
      assert.equal(load(toml('[gateway]\nport = 1'), { PLUGMESH__GATEWAY__PORT: '' }).gateway.port, 1);
    });

    it('understands REDIS_URL, below the name of its own', () => {
      const env = { REDIS_URL: 'redis://a' };
      assert.equal(load({}, env).redisUrl, 'redis://a');
      assert.equal(load({}, { ...env, PLUGMESH__CORE__REDIS_URL: 'redis://b' }).redisUrl, 'redis://b');
    });
  });

  describe('variables', () => {
    it('carry numbers, flags, lists, durations and sizes', () => {
      const { gateway } = load(
        {},
        {
          PLUGMESH__GATEWAY__INSTANCES: '3',
          PLUGMESH__GATEWAY__HOSTS: 'a.org, B.org',
          PLUGMESH__GATEWAY__CORS__CREDENTIALS: 'true',
          PLUGMESH__GATEWAY__LIMITS__IDLE: '1.5m',
          PLUGMESH__GATEWAY__LIMITS__URL: '1KiB',
        },
      );
      assert.equal(gateway.instances, 3);
      assert.deepEqual(gateway.hosts, ['a.org', 'b.org']);
      assert.equal(gateway.cors.credentials, true);
      assert.equal(gateway.limits.idleMs, 90_000);
      assert.equal(gateway.limits.url, 1024);
    });

    it('name plugins with underscores for hyphens, and settings of a plugin’s own in any spelling', () => {
      const files = toml('[plugins.hello-python.config]\napiKey = "file"\nother = 1');
      const config = load(files, {
        PLUGMESH__PLUGINS__HELLO_PYTHON__GUARD: 'public',
        PLUGMESH__PLUGINS__HELLO_PYTHON__CONFIG__API_KEY: 'environment',
      });
      assert.equal(config.pluginSettings['hello-python']?.guard, 'public');
      assert.deepEqual(config.pluginSettings['hello-python'].config, { apiKey: 'environment', other: 1 });
    });

    it('that nothing reads are problems with the line of .env and the name that was meant', () => {
      const [problem] = problems({ '.env': 'A=1\nPLUGMESH__GATEWAY__PROT=1\n' });
      assert.equal(problem?.code, 'MESH_CONFIG_UNKNOWN_KEY');
      assert.deepEqual(problem.position, { file: '.env', line: 2, column: 1 });
      assert.equal(problem.fix, "did you mean 'PLUGMESH__GATEWAY__PORT'?");
    });

    it('hold the secrets, newest first', () => {
      assert.deepEqual(load({}, { PLUGMESH_SECRET: 'new, old' }).secrets, ['new', 'old']);
    });
  });

  describe('${NAME}', () => {
    it('is replaced inside texts, lists and the settings of plugins', () => {
      const text = '[core]\nredis_url = "redis://:${PASSWORD}@host"\n[plugins.a.config]\nkeys = ["${KEY}"]';
      const config = load({ ...toml(text), '.env': 'KEY=k' }, { PASSWORD: 'p' });
      assert.equal(config.redisUrl, 'redis://:p@host');
      assert.deepEqual(config.pluginSettings['a']?.config, { keys: ['k'] });
    });

    it('may stand for a number', () => {
      assert.equal(load(toml('[gateway]\nport = "${P}"'), { P: '99' }).gateway.port, 99);
    });

    it('that is not set is a problem at its place', () => {
      const [problem] = problems(toml('[plugins.a.config]\nx = 1\nkey = "${NOPE}"'));
      assert.equal(problem?.code, 'MESH_CONFIG_UNSET_VARIABLE');
      assert.deepEqual(problem.position, { file: 'plugmesh.toml', line: 3, column: 1 });
    });
  });

  describe('plugins', () => {
    it('have addresses, a guard, limits, grants and a folder of their own', () => {
      const text = `[plugins.a]
url = "http://127.0.0.1:1/"
urls = ["http://127.0.0.1:2"]
folder = "elsewhere/a"
cors.origins = ["https://a.org"]
limits = { timeout = "5s", body = "1MiB" }
grants.topics = ["news:*"]`;
      assert.deepEqual(load(toml(text)).pluginSettings['a'], {
        urls: ['http://127.0.0.1:1', 'http://127.0.0.1:2'],
        folder: join(folder, 'elsewhere/a'),
        corsOrigins: ['https://a.org'],
        timeoutMs: 5000,
        maxBody: 2 ** 20,
        grants: { aliases: [], topics: ['news:*'], middleware: false },
        config: {},
      });
    });

    for (const name of ['Ships', 'mesh', 'api', 'gateway', '1a']) {
      it(`cannot be called '${name}'`, () => {
        assert.match(
          problems(toml(`[plugins.${name}]`))[0]?.message ?? '',
          new RegExp(`cannot be called '${name}'`),
        );
      });
    }
  });

  describe('problems', () => {
    it('come all at once, each with file, line and column', () => {
      const text = '[core]\nmode = "developmnt"\n\n[gatway]\nport = 1\n[gateway]\n  prot = 1\nport = "x"';
      assert.deepEqual(
        problems(toml(text)).map(({ code, position, fix }) => [code, position?.line, position?.column, fix]),
        [
          ['MESH_CONFIG_UNKNOWN_KEY', 4, 2, "did you mean 'gateway'?"],
          ['MESH_CONFIG_UNKNOWN_KEY', 7, 3, "did you mean 'gateway.port'?"],
          ['MESH_CONFIG_INVALID', 2, 1, "did you mean 'development'?"],
          ['MESH_CONFIG_INVALID', 8, 1, undefined],
        ],
      );
    });

    const wrong: [string, RegExp][] = [
      ['[gateway]\nport = 70000', /'gateway\.port' must be at most 65535, not '70000'/],
      ['[gateway]\nport = 1.5', /'gateway\.port'/],
      ['gateway = 3', /'gateway' must be a section/],
      ['[gateway.limits]\nidle = "60"', /must be a duration like/],
      ['[gateway.limits]\nidle = "60d"', /at most 24 days/],
      ['[gateway.limits]\nurl = "8KB"', /must be a size like/],
      ['[gateway]\ntrusted_proxies = ["10.0.0.0/33"]', /trusted_proxies\[0\]' must be a network/],
      ['[gateway.cors]\norigins = ["a.org"]', /must be an origin like/],
      ['[gateway.cors]\norigins = ["https://*.org"]', /must be an origin like/],
      ['[gateway.cors]\norigins = ["https://a.*.org"]', /must be an origin like/],
      ['[gateway.cors]\norigins = ["https://*evil.org"]', /must be an origin like/],
      ['[gateway.cors]\norigins = ["*"]\ncredentials = true', /must name its origins/],
      ['[channel]\nport = 2345', /'channel\.port' and 'gateway\.port' must differ/],
      ['[core]\nredis_url = "http://user:password@host"', /not '\(hidden\)'/],
      ['[gateway]\napi_key = "short"', /at least 16 .* not '\(hidden\)'/],
      ['[plugins.a]\napi_key = "with spaces in between"', /not '\(hidden\)'/],
      ['[plugins.a]\nurl = "http://a/path"', /without a path/],
      ['[plugins.a]\npath = "/docs"', /does not use itself/],
      ['"gateway.port" = 1', /unknown setting/],
    ];
    for (const [text, message] of wrong) {
      it(`name what is wrong with ${JSON.stringify(text)}`, () =>
        assert.match(problems(toml(text))[0]?.message ?? '', message));
    }

    it('show no password of a URL', () => {
      const [problem] = problems(toml('[plugins.ships]\nurl = "http://bob:hunter2@ships:1/"'));
      assert.match(problem?.message ?? '', /not 'http:\/\/bob:\*\*\*@ships:1\/'/);
    });

    it('of syntax say where', () => {
      const [problem] = problems(toml('[core]\nmode = \n'));
      assert.equal(problem?.code, 'MESH_CONFIG_SYNTAX');
      assert.equal(problem.position?.file, 'plugmesh.toml');
    });

    it('include a named file that is not there', () => {
      assert.throws(() => loadConfig({ file: join(folder, 'no.toml'), env: {} }), /there is no file/);
      assert.throws(
        () => loadConfig({ cwd: folder, env: { PLUGMESH_FILE: 'no.toml' } }),
        /there is no file 'no\.toml'/,
      );
    });
  });

  it('takes origins as browsers write them', () => {
    const origins = ['https://App.Example.org:443', 'https://*.Example.org', 'http://[::1]:8080', '*'];
    const { cors } = load(toml(`[gateway.cors]\norigins = ${JSON.stringify(origins)}`)).gateway;
    assert.deepEqual(cors.origins, [
      'https://app.example.org',
      'https://*.example.org',
      'http://[::1]:8080',
      '*',
    ]);
  });

  it('reads rates, and refuses times that Redis cannot keep', () => {
    const { rates } = load({ 'plugmesh.toml': '[gateway.rates]\naddress = "100/10s"\n' }).gateway;
    assert.deepEqual([rates.address, rates.key], [{ count: 100, perMs: 10_000 }, undefined]);
    for (const rate of ['100', '0/1s', '1/500ms', '1/1500ms', '5/2d', 'a/1s']) {
      const [problem] = problems({ 'plugmesh.toml': `[gateway.rates]\nlogin = "${rate}"\n` });
      assert.equal(problem?.code, 'MESH_CONFIG_INVALID', rate);
    }
  });
});
