import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { eventually, freePort, startProcess, type RunningProcess } from '../../../src/testing/index.ts';

const FIXTURE = join(import.meta.dirname, '../fixtures/switchboard');

describe('a plugin that takes upgrades', () => {
  let port: number;
  let plugin: RunningProcess;
  const sockets: Socket[] = [];

  before(async () => {
    port = await freePort();
    plugin = await startProcess(['node', 'src/main.ts'], {
      cwd: FIXTURE,
      env: { PORT: String(port) },
      ready: /has started/,
    });
  });
  after(() => plugin.stop());

  function ask(path: string, after = ''): { readonly said: () => string; readonly socket: Socket } {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    let said = '';
    socket.on('data', (chunk) => (said += String(chunk)));
    socket.on('error', () => undefined);
    const head = `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`;
    socket.write(head + after);
    return { said: () => said, socket };
  }

  it('gets the connection, what has arrived after the head, and the path as its routers see it', async () => {
    const { said, socket } = ask('/api/switchboard/live', 'first ');
    await eventually(() => said().endsWith('/live first '));
    socket.write('second');
    await eventually(() => said().endsWith('first second'));
    socket.destroy();
  });

  it('refuses by throwing: a problem document, and the end of the connection', async () => {
    const { said, socket } = ask('/api/switchboard/refused');
    await eventually(() => socket.closed);
    assert.match(said(), /^HTTP\/1\.1 403 Forbidden\r\n[^]*application\/problem\+json[^]*MESH_FORBIDDEN/);
  });

  it('says nothing more after words of its own when it throws, and stays up', async () => {
    const { said, socket } = ask('/api/switchboard/breaks');
    await eventually(() => socket.closed);
    assert.ok(!said().includes('problem'), said());
    const plain = await fetch(`http://127.0.0.1:${port}/api/switchboard/plain`);
    assert.equal(await plain.text(), 'plain');
  });

  it('loses what it has taken when it stops', async () => {
    const { said, socket } = ask('/api/switchboard/live');
    await eventually(() => said().includes('/live'));
    const { code } = await plugin.stop();
    assert.equal(code, 0);
    await eventually(() => socket.closed);
  });
});
