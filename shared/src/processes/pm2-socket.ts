import { connect } from 'node:net';
import { join } from 'node:path';
import { addAbortSignal } from 'node:stream';

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
  const socket = addAbortSignal(signal, connect(join(home, 'rpc.sock')));
  socket.write(message([`j:${JSON.stringify({ type: 'call', method, args: [{}] })}`, 's:1']));
  let received = Buffer.alloc(0);
  // Leaving the loop destroys the socket.
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer]);
    const [answer] = argumentsOf(received) ?? [];
    if (answer !== undefined) return resultOf(answer, method);
  }
  throw new Error('pm2 hung up');
}

function resultOf(answer: string, method: string): unknown {
  const { args = [], error } = JSON.parse(answer.slice('j:'.length)) as Reply;
  if (error !== undefined) throw new Error(`pm2 refuses '${method}': ${error}`);
  return args[0];
}

function message(args: readonly string[]): Buffer {
  const parts = args.flatMap((text) => {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(Buffer.byteLength(text));
    return [length, Buffer.from(text)];
  });
  return Buffer.concat([Buffer.of(VERSION | args.length), ...parts]);
}

/** The arguments of a message, or undefined while some of it is missing. */
function argumentsOf(bytes: Buffer): string[] | undefined {
  const args: string[] = [];
  let at = 1;
  for (let left = (bytes[0] ?? 0) & COUNT; left > 0; left--) {
    const start = at + LENGTH_BYTES;
    if (bytes.length < start) return undefined;
    at = start + bytes.readUInt32BE(at);
    if (bytes.length < at) return undefined;
    args.push(bytes.toString('utf8', start, at));
  }
  return args;
}
