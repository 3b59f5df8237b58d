import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { findProgram } from '@plugmesh/shared/processes';
import { eventually, freePort, startProcess, type RunningProcess } from '@plugmesh/shared/testing';
import { describeWith } from './support/describe-with.ts';
import { Guide } from './support/guide.ts';
import { plugin } from './support/plugins.ts';
import { TestMesh } from './support/test-mesh.ts';

const SOON = { timeoutMs: 15_000 };

const python = findProgram('python3', process.env['PATH'] ?? '', '/');
const missing = python === undefined ? 'install python3' : undefined;

describeWith('the guide to plugins that plugmesh does not start', missing, function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  let guide: Guide;
  let clock: RunningProcess;
  let worker: RunningProcess;
  let socket: WebSocket;
  let processesBefore: string;

  before(async () => {
    mesh = await TestMesh.create({
      plugins: { bystander: plugin('bystander', "server((req, res) => res.end('here'));") },
    });
    const instead: Record<string, string> = { 'clock.internal': '127.0.0.2' };
    for (const port of ['8001', '8002', '8003']) instead[port] = String(await freePort());
    guide = new Guide('docs/guides/plugins-elsewhere.md', { mesh, instead });
    await mesh.up();
    await mesh.untilState('bystander', 'ready');
    socket = new WebSocket(`${mesh.origin.replace('http', 'ws')}/socket/websocket?vsn=2.0.0`);
    await eventually(() => socket.readyState === WebSocket.OPEN);
    processesBefore = await processIds();
  });
  after(async () => {
    socket.close();
    await guide.stop();
    await mesh.remove();
  });

  async function processIds(): Promise<string> {
    const processes = await mesh.runningProcesses();
    return processes.map(({ name, pid }) => `${name} ${String(pid)}`).join(', ');
  }

  const status = async (path: string): Promise<number> => (await fetch(mesh.origin + path)).status;
  const isTime = (text: string): boolean => Math.abs(Date.parse(text) - Date.now()) < 5_000;

  /** Edits plugmesh.toml as a reader would: these lines give way to those. */
  async function edit(lines: string, others: string): Promise<void> {
    const text = await readFile(mesh.file, 'utf8');
    assert.ok(text.includes(lines), `plugmesh.toml has '${lines}'`);
    await writeFile(
      mesh.file,
      text.replace(lines, () => others),
    );
  }

  it('puts a running server of Python behind the gateway with two lines, closed until it is opened', async () => {
    await guide.write('clock.py');
    clock = await guide.start('start the clock');
    const block = guide.text('two lines');
    const closed = block.split('\n').slice(0, 2).join('\n');
    await edit('[gateway]', `${closed}\n[gateway]`);
    await eventually(async () => (await status('/api/clock/')) === 401, SOON);
    await edit(closed, block);
    assert.ok(isTime(await eventually(() => guide.run('ask the clock'), SOON)));
  });

  it('does the same with Node, and spreads requests over both', async () => {
    await guide.write('clock.mjs');
    await guide.start('start another clock');
    await edit(guide.text('two lines'), guide.text('several'));
    const languages = new Set<string>();
    await eventually(async () => {
      const text = await guide.run('ask the clock');
      assert.ok(isTime(text), text);
      return languages.add(text.endsWith('Z') ? 'Node' : 'Python').size === 2;
    }, SOON);
  });

  it('loses no request when one of two is killed', async () => {
    await clock.kill();
    for (let n = 0; n < 10; n += 1) assert.equal(await status('/api/clock/'), 200);
  });

  it('says truly what callers and `ps` see of one that is down, and that it is found again', async () => {
    await edit(guide.text('several'), guide.text('two lines'));
    const { reason } = await mesh.untilState('clock', 'unready');
    const response = await eventually(async () => {
      const each = await fetch(`${mesh.origin}/api/clock/`);
      return each.status === 503 && each;
    }, SOON);
    assert.ok(response.headers.has('retry-after'));
    assert.equal(((await response.json()) as { code: string }).code, 'MESH_PLUGIN_UNAVAILABLE');
    const { output } = await mesh.command('ps');
    assert.match(output, /clock +unready/);
    assert.ok(reason, 'with the reason');
    await guide.start('start the clock');
    await eventually(() => guide.run('ask the clock'));
  });

  it('takes a name or address of another host', async () => {
    const code = guide.text('clock.py').replace('127.0.0.1', '127.0.0.2');
    const [, port = ''] = /:(\d+)/.exec(guide.text('two lines')) ?? [];
    const other = await startProcess(['python3', '-c', code, port]);
    await edit(guide.text('two lines'), guide.text('on another host'));
    await eventually(async () => {
      const { instances } = await mesh.untilState('clock', 'ready');
      return instances[0]?.url.includes('127.0.0.2');
    }, SOON);
    assert.ok(isTime(await eventually(() => guide.run('ask the clock'), SOON)));
    await other.stop();
  });

  it('closes it without an edit, and removes it by taking the lines out', async () => {
    assert.equal((await mesh.command('disable', 'clock')).code, 0);
    await eventually(async () => (await status('/api/clock/')) === 503, SOON);
    await edit(guide.text('on another host'), '');
    await eventually(async () => (await status('/api/clock/')) === 404, SOON);
  });

  it('registers one with curl alone, closed until the operator opens it', async () => {
    await guide.write('registration.json');
    await guide.write('worker.sh');
    assert.equal(await guide.run('print the token'), mesh.pluginToken('worker'));
    worker = await guide.start('start the worker');
    await eventually(async () => (await status('/api/worker/')) === 401, SOON);
    await guide.configure('open the worker');
    assert.ok(isTime(await eventually(() => guide.run('ask the worker'), SOON)));
  });

  it('takes a manifest with a renewal, as far as it is granted', async () => {
    await guide.write('registration.json with a manifest', 'registration.json');
    await eventually(() => worker.output.includes('403'), SOON);
    assert.equal(await status('/work/'), 404);
    await guide.configure('grants');
    await eventually(async () => (await status('/work/')) === 200, SOON);
  });

  it('deregisters it at its end', async () => {
    assert.equal((await worker.stop()).code, 0, worker.output);
    assert.equal(await status('/api/worker/'), 404);
  });

  it('has restarted nothing and cut no socket all the while', async () => {
    assert.equal(await processIds(), processesBefore);
    assert.equal(socket.readyState, WebSocket.OPEN);
  });

  it('has no code block that nothing checks', () => guide.assertFollowed());
});
