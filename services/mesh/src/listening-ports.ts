import { readdir, readFile, readlink } from 'node:fs/promises';

/** TCP ports that a process or its children listen on, from `/proc`; empty on systems without it. */
export async function listeningPorts(pid: number): Promise<number[]> {
  const [tables, inodes] = await Promise.all([
    Promise.all([read('/proc/net/tcp'), read('/proc/net/tcp6')]),
    socketInodes(pid),
  ]);
  const ports = tables.flatMap(parseListening).filter(({ inode }) => inodes.has(inode));
  return [...new Set(ports.map(({ port }) => port))].sort((a, b) => a - b);
}

/** The listening rows of `/proc/net/tcp` (proc(5)): state 0A, local address in column 2, inode in column 10. */
export function parseListening(table: string): { port: number; inode: string }[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[3] === '0A')
    .map((columns) => ({
      port: Number.parseInt(columns[1]?.split(':')[1] ?? '0', 16),
      inode: columns[9] ?? '',
    }));
}

async function socketInodes(pid: number): Promise<Set<string>> {
  const inodes = new Set<string>();
  for (const each of await processTree(pid)) {
    const folder = `/proc/${each}/fd`;
    for (const name of await readdir(folder).catch(() => [])) {
      const inode = /^socket:\[(\d+)\]$/.exec(await readlink(`${folder}/${name}`).catch(() => ''))?.[1];
      if (inode !== undefined) inodes.add(inode);
    }
  }
  return inodes;
}

async function processTree(pid: number): Promise<number[]> {
  const children = (await read(`/proc/${pid}/task/${pid}/children`)).split(' ').filter(Boolean).map(Number);
  return [pid, ...(await Promise.all(children.map(processTree))).flat()];
}

function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
