import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';

// A message of AMP, version 1: this byte with the number of arguments, then each with four bytes of length before it.
const VERSION = 1 << 4;
const COUNT = 0x0f;
const LENGTH_BYTES = 4;

interface Reply {
  readonly args?: readonly unknown[];
  readonly error?: string;
}

/**
 * Calls a method of the pm2 that runs in a PM2_HOME, and resolves to what it returns: pm2's program does the same, and
 * takes 0.2 s to start. The socket is that of pm2-axon-rpc: a JSON argument with the call, and one with its number.
 * Rejects when nobody answers there before the signal.
 */
export async function callPm2(home: string, method: string, signal: AbortSignal): Promise<unknown> {
  const socket = connect(join(home, 'rpc.sock'));
  try {
    await once(socket, 'connect', { signal });
    socket.write(message([`j:${JSON.stringify({ type: 'call', method, args: [{}] })}`, 's:1']));
    const [answer = ''] = await readMessage(socket, signal);
    const { args = [], error } = JSON.parse(answer.slice('j:'.length)) as Reply;
    if (error !== undefined) throw new Error(`pm2 refuses '${method}': ${error}`);
    return args[0];
  } finally {
    socket.destroy();
  }
}

function message(args: readonly string[]): Buffer {
  const parts = args.flatMap((text) => {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(Buffer.byteLength(text));
    return [length, Buffer.from(text)];
  });
  return Buffer.concat([Buffer.of(VERSION | args.length), ...parts]);
}

async function readMessage(socket: Socket, signal: AbortSignal): Promise<string[]> {
  const [head = 0] = await take(socket, 1, signal);
  const args: string[] = [];
  while (args.length < (head & COUNT)) {
    const length = (await take(socket, LENGTH_BYTES, signal)).readUInt32BE();
    args.push((await take(socket, length, signal)).toString());
  }
  return args;
}

async function take(socket: Socket, length: number, signal: AbortSignal): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(length) as Buffer | null;
    if (bytes?.length === length) return bytes;
    if (socket.readableEnded) throw new Error('pm2 hung up');
    await once(socket, 'readable', { signal });
  }
}
