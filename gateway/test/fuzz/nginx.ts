import { freePort, startProcess } from '@plugmesh/shared/testing';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = '/usr/sbin/nginx';
const CONFIGURATION = new URL('nginx.conf', import.meta.url);

/** A running nginx. */
export interface Nginx {
  readonly port: number;
  stop(): Promise<void>;
}

/** Whether Debian's nginx is installed. */
export const hasNginx = existsSync(PROGRAM);

/** Starts nginx with the committed configuration, before an upstream at this port. */
export async function startNginx(upstreamPort: number): Promise<Nginx> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'plugmesh-nginx-'));
  const configuration = (await readFile(CONFIGURATION, 'utf8'))
    .replace('127.0.0.1:9901', `127.0.0.1:${port}`)
    .replace('127.0.0.1:9902', `127.0.0.1:${upstreamPort}`);
  await writeFile(join(folder, 'nginx.conf'), configuration);
  const argv = [PROGRAM, '-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')];
  const running = await startProcess(argv, { ready: () => accepts(port) });
  return {
    port,
    async stop() {
      await running.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
