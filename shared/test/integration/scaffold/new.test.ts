import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, startProcess, type RunningProcess } from '@plugmesh/shared/testing';
import { loadConfig } from '../../../src/config/index.ts';
import type { MeshError } from '../../../src/errors/index.ts';
import { checkName } from '../../../src/scaffold/index.ts';

const CLI = join(import.meta.dirname, '../../../src/cli/main.ts');

describe('plugmesh new', () => {
  let root: string;
  let file: string;
  let env: Readonly<Record<string, string>>;

  before(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'plugmesh-new-')));
    file = join(root, 'plugmesh.toml');
    env = { PLUGMESH_FILE: file };
    await mkdir(join(root, 'services/broken'), { recursive: true });
    await writeFile(join(root, 'services/broken/plugin.json'), '{ broken');
    await writeFile(file, '[plugins.clock]\nurl = "http://127.0.0.1:8001"\n');
  });
  after(() => rm(root, { recursive: true, force: true }));

  const run = async (...args: string[]): Promise<{ code: number | null; output: string }> => {
    const running = await startProcess(['node', CLI, 'new', ...args], { cwd: root, env });
    const { code } = await running.exited;
    return { code, output: running.output };
  };
  const plugins = async (): Promise<string[]> =>
    (await readdir(join(root, 'services')).catch(() => [])).sort();

  it('says what it has written and what to do next, to people and to programs', async () => {
    const { code, output } = await run('ships', '--lang', 'go');
    assert.equal(code, 0, output);
    assert.match(output, /^✔ services\/ships: \.gitignore, README\.md, go\.mod, main\.go/);
    assert.match(output, /test it {3}cd services\/ships && go test \.\/\.\.\.\n/);
    assert.match(output, /call it {3}curl http:\/\/localhost:2345\/api\/ships\/\n/);
    const made = JSON.parse(
      (await run('boats', '--lang', 'go', '--kind', 'middleware', '--json')).output,
    ) as object;
    assert.deepEqual(made, {
      name: 'boats',
      language: 'go',
      kind: 'middleware',
      folder: join(root, 'services/boats'),
      files: ['.gitignore', 'README.md', 'go.mod', 'main.go', 'main_test.go', 'openapi.json', 'plugin.json'],
      test: 'go test ./...',
      url: 'http://localhost:2345/api/boats/',
    });
    assert.deepEqual((await readdir(root)).sort(), ['plugmesh.toml', 'services']);
  });

  for (const [name, message, fix] of [
    ['docs', /^MESH_USAGE 'docs' is a name that the mesh uses itself/, 'docs-2'],
    ['Api', /^MESH_USAGE 'Api' is a name that the mesh uses/, 'api-2'],
    ['Föhr_Ships', /^MESH_USAGE 'Föhr_Ships' cannot be .* lower-case letters/, 'fohr-ships'],
    ['3d', /^MESH_USAGE .*lower-case letters/, 'd'],
    ['../../etc', /^MESH_USAGE .*lower-case letters/, 'etc'],
    ['x'.repeat(41), /^MESH_USAGE .*at most 40/, 'x'.repeat(36)],
    ['', /^MESH_USAGE .*lower-case letters/, 'my-plugin'],
    ['broken', /^MESH_NAME_TAKEN there is a plugin 'broken' already/, 'broken-2'],
    ['clock', /^MESH_NAME_TAKEN there is a plugin 'clock' already/, 'clock-2'],
  ] as const) {
    it(`refuses the name '${name.slice(0, 12)}', and knows one that is free`, () => {
      assert.throws(
        () => checkName(loadConfig({ file, env: {} }), name),
        (error: MeshError) => {
          assert.match(`${error.code} ${error.message}`, message);
          assert.equal(error.fix, `'${fix}' is free`);
          return true;
        },
      );
    });
  }

  it('exits with 2 for a name that it cannot understand, and with 1 for one that is taken', async () => {
    const before = await plugins();
    assert.deepEqual(
      [(await run('docs', '--lang', 'go')).code, (await run('clock', '--lang', 'go')).code],
      [2, 1],
    );
    assert.deepEqual(await plugins(), before);
  });

  it('never takes the place of a folder, whatever is in it', async () => {
    await mkdir(join(root, 'services/mine'), { recursive: true });
    await writeFile(join(root, 'services/mine/notes.txt'), 'mine');
    const { code, output } = await run('mine', '--lang', 'rust');
    assert.equal(code, 1);
    assert.match(output, /MESH_NAME_TAKEN.*services\/mine' is there already/);
    assert.deepEqual(await readdir(join(root, 'services/mine')), ['notes.txt']);
  });

  it('asks nobody where nobody can answer, and says what to give', async () => {
    const bare = await run();
    assert.equal(bare.code, 2);
    assert.match(
      bare.output,
      /needs a name and a language\n {2}\.\/plugmesh new NAME --lang ts\|js\|python\|go\|rust \[--kind/,
    );
    const named = await run('rafts', '--kind', 'service');
    assert.deepEqual([named.code, (await plugins()).includes('rafts')], [2, false]);
    assert.match(named.output, /\.\/plugmesh new rafts --lang /);
  });

  it('refuses a language or a kind that it does not know, with the nearest one', async () => {
    const language = await run('rafts', '--lang', 'pyton');
    assert.equal(language.code, 2);
    assert.match(
      language.output,
      /'pyton' is no language .*ts, js, python, go, rust[^]*did you mean 'python'/,
    );
    const kind = await run('rafts', '--lang', 'go', '--kind', 'servise');
    assert.match(kind.output, /'servise' is no kind .*route, service, middleware[^]*did you mean 'service'/);
    const pair = await run('rafts', '--lang', 'rust', '--kind', 'endpoint');
    assert.equal(pair.code, 2);
    assert.match(pair.output, /'endpoint' is there in ts, js, python, and not in rust/);
    assert.match((await run('a', 'b', '--lang', 'go')).output, /'new' takes \[NAME\], not 'a b'/);
    assert.ok(!(await plugins()).includes('rafts'));
  });

  describe('at a terminal', () => {
    /** The command at a pseudo terminal; what is typed goes through it, too. */
    const atTerminal = async (...args: string[]): Promise<Terminal> => {
      const command = [process.execPath, CLI, 'new', ...args].map((word) => `'${word}'`).join(' ');
      // Its input is a fifo that bash keeps open.
      const fifo = join(root, `keys-${args.length}`);
      const script = `mkfifo '${fifo}' && exec script -qec "${command}" /dev/null <>'${fifo}'`;
      const running = await startProcess(['bash', '-c', script], { cwd: root, env });
      return {
        running,
        answer: async (question, text) => {
          await eventually(() => running.output.split(question).length > 1, {
            timeoutMs: 10_000,
            what: question,
          });
          await writeFile(fifo, text);
        },
      };
    };

    it('asks for all that is missing, again after an answer that it cannot take, and writes the plugin', async () => {
      const { running, answer } = await atTerminal();
      await answer('Name: ', 'docs\n');
      await answer("'docs-2' is free", 'yachts\n');
      await answer('Language (ts, js, python, go, rust): ', 'cobol\n');
      await answer("'cobol' is no language", 'go\n');
      await answer('Kind (route): ', '\n');
      assert.equal((await running.exited).code, 0, running.output);
      assert.match(running.output, /services\/yachts: /);
      const manifest = await readFile(join(root, 'services/yachts/plugin.json'), 'utf8');
      assert.match(manifest, /"name": "yachts"[^]*"go": ">=/);
    });

    it('asks for nothing that was given, and gives up when the input ends', async () => {
      const { running, answer } = await atTerminal('kayaks', '--lang', 'go');
      await answer('Kind (route): ', '\u0004');
      assert.equal((await running.exited).code, 2, running.output);
      assert.doesNotMatch(running.output, /Name: |Language/);
      assert.match(running.output, /the question was not answered/);
      assert.ok(!(await plugins()).includes('kayaks'));
    });
  });
});

interface Terminal {
  readonly running: RunningProcess;
  /** Types something once the question is there. */
  readonly answer: (question: string, text: string) => Promise<void>;
}
