import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A folder that outlives the test run and lies outside of the repository, for what takes long to build. */
export function testCache(name: string): string {
  const folder = join(process.env['PLUGMESH_TEST_CACHE'] ?? join(homedir(), '.cache/plugmesh-test'), name);
  mkdirSync(folder, { recursive: true });
  return folder;
}
