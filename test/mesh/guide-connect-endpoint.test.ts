import assert from 'node:assert/strict';
import { join } from 'node:path';
import { eventually, freePort } from '@plugmesh/shared/testing';
import { Guide } from './support/guide.ts';
import { TestMesh } from './support/test-mesh.ts';

const SERVICES = join(import.meta.dirname, '../../services');

describe('the guide to connecting an external system', function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  let guide: Guide;

  before(async () => {
    const toml = ['accounts', 'endpoints'].map((id) => `[plugins.${id}]\nfolder = "${join(SERVICES, id)}"\n`);
    mesh = await TestMesh.create({ toml: toml.join('') });
    guide = new Guide('docs/guides/connect-endpoint.md', {
      mesh,
      instead: { '8899': String(await freePort()) },
    });
    await guide.configure('plugmesh.toml');
    await guide.write('notes.py');
    await mesh.up();
    for (const id of ['accounts', 'endpoints']) await mesh.untilState(id, 'ready');
    await guide.start('start it');
  });
  after(async () => {
    await guide.stop();
    await mesh.remove();
  });

  /** What the page shows of an answer, which may have more. */
  const assertShows = (answer: string, name: string): void => {
    const said = JSON.parse(answer) as Record<string, unknown>;
    for (const [member, value] of Object.entries(JSON.parse(guide.text(name)) as object))
      assert.deepEqual(said[member], value, answer);
  };

  it('adds a type by a manifest alone', async () => {
    await guide.write('services/notes/plugin.json');
    await mesh.untilState('notes', 'ready');
  });

  it('registers an endpoint', async () => {
    await guide.runFor('two keys', 'ADMIN', 'ADA');
    assertShows(await eventually(() => guide.run('register'), { timeoutMs: 10_000 }), 'registered');
  });

  it('connects a user to it', async () => {
    assertShows(await guide.runFor('connect', 'GUID'), 'connected');
  });

  it('calls it with what the user is connected by', async () => {
    const notes = JSON.parse(guide.text('called')) as string[];
    assert.deepEqual(JSON.parse(await guide.run('call')), notes);
    await guide.run('write');
    const answers = Object.values(JSON.parse(await guide.run('ask several')) as Record<string, object>);
    assert.deepEqual(answers, [{ status: 200, body: [...notes, 'call the harbour'] }]);
  });

  it('puts what is stored under another key, and goes on', async () => {
    assert.match(await guide.run('rotate'), /1/);
    assert.match(await guide.run('call'), /harbour/);
  });

  it('disconnects and unregisters', async () => {
    assert.equal(await guide.run('leave'), '');
    assert.match(await guide.run('call'), /MESH_ENDPOINT_UNKNOWN/);
  });

  it('has no code block that nothing checks', () => guide.assertFollowed());
});
