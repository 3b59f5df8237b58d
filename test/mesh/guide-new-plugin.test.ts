import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseManifest } from '@plugmesh/shared/manifest';
import { HOME, missingRequirement } from '@plugmesh/shared/processes';
import { LANGUAGES } from '@plugmesh/shared/scaffold';
import { eventually } from '@plugmesh/shared/testing';
import { skipped } from './support/describe-with.ts';
import { Guide } from './support/guide.ts';
import { testCache } from './support/test-cache.ts';
import { TestMesh } from './support/test-mesh.ts';

const TEMPLATES = join(import.meta.dirname, '../../shared/src/scaffold/templates');
const PAGE = join(import.meta.dirname, '../../docs/guides/new-plugin.md');
const BUILD = { timeoutMs: 300_000 };
/** What Cargo compiles outlives the run, and need not be quick. */
const CARGO = { CARGO_BUILD_BUILD_DIR: testCache('new-plugin-rust'), CARGO_PROFILE_RELEASE_OPT_LEVEL: '0' };

describe('the guide to a plugin in five minutes', function () {
  this.timeout(400_000);
  let mesh: TestMesh;
  const guides = new Map<string, Guide>();

  before(async () => {
    // An empty folder outside of the repository: nothing of it is at hand but the launcher.
    const { NODE_EXTRA_CA_CERTS } = process.env;
    const env = { ...CARGO, ...(NODE_EXTRA_CA_CERTS !== undefined && { NODE_EXTRA_CA_CERTS }) };
    mesh = await TestMesh.create({ env });
    await guideFor('ships-ts', 'ts').configure('plugmesh.toml elsewhere');
    await mesh.up();
  });
  after(() => mesh.remove());

  for (const { id, title, test } of LANGUAGES) {
    describe(`in ${title}`, () => {
      const name = `ships-${id}`;
      let guide: Guide;

      before(async function () {
        guide = guideFor(name, id);
        guides.set(id, guide);
        const file = join(TEMPLATES, id, 'route/plugin.json');
        const missing = await missingRequirement(parseManifest(await readFile(file, 'utf8'), file));
        if (missing !== undefined) skipped(this, `a new plugin in ${title}`, missing);
        await guide.run('write');
        await mesh.untilState(name, 'ready', BUILD.timeoutMs);
      });

      it('is written, and runs', async () => {
        assert.match(await guide.run('look'), new RegExp(`^${name} +ready`, 'm'));
        const answer = await eventually(() => guide.run('call'));
        assert.deepEqual(JSON.parse(answer), JSON.parse(guide.text('called')));
      });

      it('is guarded, and knows who calls', async () => {
        const refused = JSON.parse(await guide.run('call as a stranger')) as Record<string, unknown>;
        for (const [member, value] of Object.entries(JSON.parse(guide.text('refused')) as object))
          assert.equal(refused[member], value);
        const output = await guide.run('call with a key');
        const { user, roles } = JSON.parse(output.slice(output.lastIndexOf('{'))) as Record<string, unknown>;
        assert.deepEqual([typeof user, roles], ['string', []]);
      });

      it('is documented', async () => {
        await eventually(
          async () => {
            const { paths } = JSON.parse(await guide.run('document')) as { paths: object };
            return [`/api/${name}/`, `/api/${name}/v1/me`].every((path) => path in paths);
          },
          { timeoutMs: 20_000 },
        );
      });

      it('reaches the level that the guide says', async () => {
        const reached = Number(/level (\d) reached/.exec(await guide.run('check'))?.[1]);
        assert.ok(reached >= Number(/level (\d)/.exec(guide.text('checked'))?.[1]), String(reached));
      });

      it('passes its own test', async () => {
        const folder = join(mesh.folder, 'services', name);
        const [program = '', ...args] = test;
        const options = { cwd: folder, env: { ...process.env, ...CARGO } };
        await promisify(execFile)(program === 'node' ? process.execPath : program, args, options);
        assert.ok((await readFile(PAGE, 'utf8')).includes(`\`${test.join(' ')}\``));
      });
    });
  }

  describe('as a page', () => {
    const guide = (): Guide => guides.get('ts')!;

    it('shows a service that is live', async () => {
      await guide().run('write a service');
      await mesh.untilState('ticker', 'ready', BUILD.timeoutMs);
      assert.match(await guide().run('listen'), /ticker +tick/);
    });

    it('has no code block that nothing checks', () => {
      for (const followed of ['start', 'plugmesh.toml elsewhere']) guide().text(followed);
      guide().assertFollowed();
    });
  });

  function guideFor(name: string, language: string): Guide {
    const instead = {
      'plugmesh new ships': `plugmesh new ${name}`,
      '--lang ts': `--lang ${language}`,
      'api/ships/': `api/${name}/`,
      'services/ships': `services/${name}`,
      '"ships"': `"${name}"`,
      'create ada': `create ada-${language}`,
      '/opt/plugmesh': HOME,
    };
    return new Guide('docs/guides/new-plugin.md', { mesh, instead });
  }
});
