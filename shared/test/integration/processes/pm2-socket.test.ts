import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HOME } from '../../../src/processes/index.ts';
import { callPm2 } from '../../../src/processes/pm2-socket.ts';

const PM2 = join(HOME, 'node_modules/pm2');

describe('callPm2', function () {
  this.timeout(60_000);
  let home: string;

  const pm2 = (...args: string[]): Promise<{ stdout: string }> => {
    const env = { ...process.env, PM2_HOME: home, PM2_DISABLE_VERSION_CHECK: 'true' };
    return promisify(execFile)(process.execPath, [join(PM2, 'bin/pm2'), ...args], { env });
  };
  const call = (method: string, signal = AbortSignal.timeout(10_000)): Promise<unknown> =>
    callPm2(home, method, signal);

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'plugmesh-pm2-'));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  it("is answered what pm2's own program is", async () => {
    const app = ['start', process.execPath, '--name', 'waits', '--', '-e', 'setInterval(() => {}, 1000)'];
    await pm2(...app);
    try {
      const [told] = (await call('getMonitorData')) as [{ name: string; pid: number }];
      const { stdout } = await pm2('jlist');
      const [printed] = JSON.parse(stdout) as [{ name: string; pid: number }];
      assert.deepEqual([told.name, told.pid], [printed.name, printed.pid]);
      await assert.rejects(
        call('noSuchMethod'),
        /pm2 refuses 'noSuchMethod': method "noSuchMethod" does not exist/,
      );
    } finally {
      await pm2('kill');
    }
  });

  it('rejects where no pm2 runs', async () => {
    await assert.rejects(call('getMonitorData'), { code: 'ENOENT' });
  });

  for (const [what, said, expected] of [
    ['hangs up in the middle', Buffer.of(0x12, 0, 0, 1, 0, 0x6a), /pm2 hung up/],
    ['says nothing', undefined, { name: 'AbortError' }],
  ] as const) {
    it(`rejects when somebody answers there who ${what}`, async () => {
      const server = createServer((socket) => {
        socket.resume();
        if (said) socket.end(said);
      });
      server.listen(join(home, 'rpc.sock'));
      await once(server, 'listening');
      try {
        await assert.rejects(call('getMonitorData', AbortSignal.timeout(500)), expected);
      } finally {
        server.close();
      }
    });
  }
});
