import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@plugmesh/shared/testing';
import { ServerProcess } from './server-process.ts';

/** One gateway process in production mode; `plugins` are sections of its plugmesh.toml. */
export async function startGateway(plugins: string, redisUrl: string): Promise<ServerProcess> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'plugmesh-bench-'));
  const file = join(folder, 'plugmesh.toml');
  const core = `[core]\nmode = "production"\nlog_level = "error"\nredis_url = "${redisUrl}"\n`;
  await writeFile(file, `${core}[gateway]\nport = ${port}\n${plugins}`);
  const env = { PLUGMESH_FILE: file };
  return ServerProcess.start('plugmesh gateway', [process.execPath, 'gateway/src/main.ts'], { port, env });
}
