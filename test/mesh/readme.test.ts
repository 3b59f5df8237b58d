import assert from 'node:assert/strict';
import { appendFile, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, freePort, startProcess, type RunningProcess } from '@plugmesh/shared/testing';
import { codeBlock, type CodeBlock, codeBlocks } from './support/code-blocks.ts';
import { TestMesh } from './support/test-mesh.ts';

const ROOT = join(import.meta.dirname, '../..');
const SYSTEM = join(ROOT, 'services/system');

describe('the README and the guide to a first plugin', function () {
  this.timeout(90_000);
  let blocks: readonly CodeBlock[];
  let mesh: TestMesh;
  let clock: RunningProcess | undefined;
  let clockPort: number;

  before(async () => {
    blocks = codeBlocks(await readFile(join(ROOT, 'README.md'), 'utf8'));
    clockPort = await freePort();
    mesh = await TestMesh.create({ toml: `[plugins.system]\nfolder = "${SYSTEM}"\n` });
    // A reader works in the repository; this folder stands for it.
    await symlink(join(ROOT, 'node_modules'), join(mesh.folder, 'node_modules'));
    await mesh.up();
  });
  after(async () => {
    await clock?.stop();
    await mesh.remove();
  });

  /** The block that is named after a file, with a port that is free here. */
  function follow(file: string): string {
    return codeBlock(blocks, file).text.replaceAll('8001', String(clockPort));
  }

  /** What the `curl` of a block with this path gets. */
  async function curl(path: string): Promise<Response> {
    const command = blocks.find(({ text }) => text.startsWith('curl ') && text.includes(path));
    assert.ok(command, `the README has a curl of '${path}'`);
    return fetch(command.text.trim().replace('curl http://localhost:2345', mesh.origin));
  }

  it('shows what `up` prints', () => {
    const shape = (text: string): string =>
      text
        .replaceAll(/\d+(\.\d+)?/g, '0')
        .replaceAll(/ +/g, ' ')
        .trim();
    const printed = shape(mesh.output);
    for (const line of shape(codeBlock(blocks, 'up').text).split('\n')) {
      assert.ok(printed.includes(line), `'${line}' is not in\n${printed}`);
    }
  });

  it('has a smallest plugin that starts by itself and answers as shown', async () => {
    await mesh.addPlugin('hello', {
      'plugin.json': follow('services/hello/plugin.json'),
      'src/main.mts': follow('services/hello/src/main.mts'),
    });
    await mesh.untilState('hello', 'ready');
    const answer = await eventually(async () => {
      const response = await curl('/api/hello/');
      return response.ok && (await response.json());
    });
    assert.deepEqual(answer, JSON.parse(codeBlock(blocks, 'output').text));
  });

  it('says truly what that plugin does with a push', async () => {
    const socket = new WebSocket(`${mesh.origin.replace('http', 'ws')}/socket/websocket?vsn=2.0.0`);
    const heard: unknown[][] = [];
    socket.addEventListener('message', ({ data }) => heard.push(JSON.parse(String(data)) as unknown[]));
    await eventually(() => socket.readyState === WebSocket.OPEN);
    socket.send(JSON.stringify(['1', '1', 'hello', 'phx_join', {}]));
    socket.send(JSON.stringify(['1', '2', 'hello', 'greet', { name: 'you' }]));
    const greeting = await eventually(() => heard.find(([, , , event]) => event === 'greeting'));
    assert.deepEqual(greeting[4], { dear: { name: 'you' } });
    socket.close();
  });

  it('puts any HTTP server behind the gateway with two lines, closed until it is opened', async () => {
    const file = join(mesh.folder, 'clock.mjs');
    await writeFile(file, follow('clock.mjs'));
    clock = await startProcess(['node', file]);
    const [section, url, guard] = follow('plugmesh.toml').trim().split('\n');
    assert.match(guard ?? '', /^guard = "public"$/);
    await appendFile(mesh.file, `\n${section}\n${url}\n`);
    await eventually(async () => (await curl('/api/clock/')).status === 401, { timeoutMs: 10_000 });
    await appendFile(mesh.file, `${guard}\n`);
    const time = await eventually(
      async () => {
        const response = await curl('/api/clock/');
        return response.ok && response.text();
      },
      { timeoutMs: 10_000 },
    );
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 10_000, time);
  });

  it('has a guide whose plugin counts from the setting that it is given', async () => {
    const guide = codeBlocks(await readFile(join(ROOT, 'docs/guides/first-plugin.md'), 'utf8'));
    await mesh.addPlugin('visits', {
      'plugin.json': codeBlock(guide, 'services/visits/plugin.json').text,
      'src/main.mts': codeBlock(guide, 'services/visits/src/main.mts').text,
    });
    await mesh.untilState('visits', 'ready');
    const visit = async (): Promise<unknown> => {
      const response = await fetch(`${mesh.origin}/api/visits/`, { method: 'POST' });
      return response.ok && (await response.json());
    };
    assert.deepEqual(await eventually(visit), JSON.parse(codeBlock(guide, 'output').text));
    await appendFile(mesh.file, codeBlock(guide, 'plugmesh.toml').text);
    await eventually(async () => JSON.stringify(await visit()) === '{"count":42}', { timeoutMs: 15_000 });
  });

  it('has no code block that nothing checks', () => {
    const known = /^(up|output|server|services\/hello\/.*|clock\.mjs|plugmesh\.toml)$/;
    const unknown = blocks.filter(({ name, text, language }) => {
      return language !== '' && !known.test(name) && !/^(curl |\.\/plugmesh )/.test(text);
    });
    assert.deepEqual(unknown, []);
  });
});
