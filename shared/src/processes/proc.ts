import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process as the system shows it. */
export interface SystemProcess {
  readonly pid: number;
  readonly command: string;
}

const ESTABLISHED = '01';
const LISTEN = '0A';

/** TCP ports that somebody listens on, with the socket's inode. Empty where there is no /proc. */
export function listeningPorts(): Map<number, Set<string>> {
  const ports = new Map<number, Set<string>>();
  for (const { port, inode } of tcpSockets(LISTEN))
    ports.set(port, (ports.get(port) ?? new Set()).add(inode));
  return ports;
}

/** How many connections to these local ports are open. 0 where there is no /proc. */
export function connectionsTo(ports: readonly number[]): number {
  return tcpSockets(ESTABLISHED).filter(({ port }) => ports.includes(port)).length;
}

/** The local ends of the TCP sockets in a state (net/tcp_states.h). */
function tcpSockets(wanted: string): { readonly port: number; readonly inode: string }[] {
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => read(table).split('\n').slice(1));
  return lines.flatMap((line) => {
    // Columns: sl local_address rem_address st … inode (proc(5)).
    const columns = line.trim().split(/\s+/);
    const [, local, , state] = columns;
    const inode = columns[9];
    if (state !== wanted || local === undefined || inode === undefined) return [];
    return [{ port: Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16), inode }];
  });
}

/** Who listens on a TCP port; undefined when nobody does, or when we may not see who. */
export function portHolder(port: number): SystemProcess | undefined {
  const inodes = listeningPorts().get(port);
  if (!inodes) return undefined;
  const pid = processIds().find((each) => socketInodes(each).some((inode) => inodes.has(inode)));
  return pid === undefined ? undefined : { pid, command: commandOf(pid) };
}

/** The TCP ports that a process or one of its descendants listens on. */
export function portsOfTree(root: number): number[] {
  const owned = new Set(processTree(root).flatMap(socketInodes));
  return [...listeningPorts()]
    .filter(([, inodes]) => [...inodes].some((inode) => owned.has(inode)))
    .map(([port]) => port);
}

/** A process and all its descendants that are there now. */
export function processTree(root: number): number[] {
  const children = Map.groupBy(processIds(), parentOf);
  const tree = [root];
  // The list grows while it is walked.
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** Processes whose environment contains a text: descendants are found even after they left their parent. */
export function processesWithEnvironment(text: string): number[] {
  return processIds().filter((pid) => pid !== process.pid && read(`/proc/${pid}/environ`).includes(text));
}

/** Processes of a group that are there, its leader among them. */
export function processesInGroup(group: number): number[] {
  return processIds().filter((pid) => groupOf(pid) === group);
}

/** A variable of the environment that a process was started with. */
export function variableOf(pid: number, name: string): string | undefined {
  const entries = read(`/proc/${pid}/environ`).split('\0');
  return entries.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** Processes whose working directory is this folder and whose command line matches. */
export function processesInFolder(folder: string, command: RegExp): number[] {
  return processIds().filter((pid) => linkOf(`/proc/${pid}/cwd`) === folder && command.test(commandOf(pid)));
}

/** Whether a process is there and not a zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return !/^State:\s+[ZX]/m.test(read(`/proc/${pid}/status`));
}

/** Ends a process at once, or with a negative id its group; one that has ended already is no error. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself meanwhile.
  }
}

/** When a process started, in the kernel's ticks: with the pid it names one process for ever. */
export function startTimeOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The second field, the command in parentheses, may contain spaces (proc(5), field 22 is starttime).
  return stat === '' ? undefined : stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

// Fields 4 and 5 of proc(5), counted from behind the command.
function parentOf(pid: number): number {
  return Number(fieldsOf(pid)[1]);
}

function groupOf(pid: number): number {
  return Number(fieldsOf(pid)[2]);
}

function fieldsOf(pid: number): string[] {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** The command line of a process, arguments separated by spaces. */
export function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).split('\0').join(' ').trim();
}

function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function socketInodes(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    return [];
  }
}

// Processes come and go while we look: what has gone reads as nothing.
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
