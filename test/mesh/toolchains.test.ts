import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plugin } from './support/plugins.ts';
import { TestMesh } from './support/test-mesh.ts';

/** A program that this test's machine does not have. */
const ABSENT = 'python3';
/** Programs as a machine may have them: too old, or a stand-in that only says how to get the real one. */
const PROGRAMS: Readonly<Record<string, string>> = {
  go: '#!/bin/sh\necho go version go1.19.8 linux/amd64\n',
  cargo: '#!/bin/sh\necho error: rustup could not choose a version of cargo >&2\nexit 1\n',
};

const SERVE = "server((req, res) => res.end('here'));";

/** Plugins, and what their reason must say. */
const CASES = [
  {
    id: 'missing',
    requires: { [ABSENT]: '>=3.11' },
    reason: /'python3' >=3\.11 is needed and not on PATH\s+install it: .*python3-venv, or https/,
  },
  {
    id: 'unknown',
    requires: { cobol85: '>=3' },
    reason: /'cobol85' >=3 is needed and not on PATH\s+install it/,
  },
  {
    id: 'old',
    requires: { go: '>=1.24' },
    reason: /'go' >=1\.24 .*1\.19\.8 is installed[^]*https:\/\/go\.dev/,
  },
  {
    id: 'stand-in',
    requires: { cargo: '>=1.85' },
    reason: /'cargo' >=1\.85 .*could not choose[^]*rustup\.rs/,
  },
];

describe('plugins whose toolchain is missing or too old', function () {
  this.timeout(60_000);
  let bin: string;
  let mesh: TestMesh;

  before(async () => {
    bin = await programs();
    const lacking = CASES.map(({ id, requires }) => [id, plugin(id, SERVE, { requires })] as const);
    mesh = await TestMesh.create({
      plugins: {
        good: plugin('good', SERVE),
        'no-venv': plugin('no-venv', SERVE, {
          setup: [['node', '-e', 'console.log("install the python3-venv package"); process.exit(1)']],
        }),
        ...Object.fromEntries(lacking),
      },
      env: { PATH: bin },
    });
    await mesh.up();
  });
  after(async () => {
    await mesh.remove();
    await rm(bin, { recursive: true });
  });

  for (const { id, reason } of CASES) {
    it(`are skipped, with what to install: ${id}`, async () => {
      assert.match((await mesh.untilState(id, 'skipped')).reason ?? '', reason);
    });
  }

  it('are shown with that by ps', async () => {
    const { output } = await mesh.command('ps');
    for (const { id, reason } of CASES) {
      assert.match(output, new RegExp(`^${id} +skipped`, 'm'));
      assert.match(output.replaceAll(/\s+/g, ' '), new RegExp(reason.source.replace('$', '')));
    }
  });

  it('say what a failing setup said, which knows best what it lacks', async () => {
    const { reason } = await mesh.untilState('no-venv', 'unready');
    assert.match(reason ?? '', /MESH_SETUP_FAILED[\s\S]*install the python3-venv package/);
  });

  it('keep nobody else from starting', async () => {
    await mesh.untilState('good', 'ready');
    assert.equal(await (await fetch(`${mesh.origin}/api/good/`)).text(), 'here');
  });
});

/** A folder that is to be the whole PATH: this machine's programs, one absent and some replaced. */
async function programs(): Promise<string> {
  const bin = await mkdtemp(join(tmpdir(), 'plugmesh-bin-'));
  const taken = new Set([ABSENT, ...Object.keys(PROGRAMS)]);
  for (const [name, text] of Object.entries(PROGRAMS))
    await writeFile(join(bin, name), text, { mode: 0o755 });
  for (const folder of (process.env['PATH'] ?? '').split(':')) {
    const names = (await readdir(folder).catch(() => [])).filter((name) => !taken.has(name));
    for (const name of names) taken.add(name);
    await Promise.all(names.map((name) => symlink(join(folder, name), join(bin, name))));
  }
  return bin;
}
