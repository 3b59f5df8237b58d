import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { historyLibrary, mintStreamsName } from '../history/index.ts';
import { createLog } from '../log/index.ts';
import type { Manifest } from '../manifest/index.ts';
import type { MeshProcess } from '../processes/index.ts';
import { connectRedis, type RedisConnection } from '../redis/index.ts';
import { pluginUser } from '../redis-users/index.ts';

/** What a plugin has open on the bus. */
export interface BusPresence {
  readonly connections: number;
  /** Channels and patterns that it hears. */
  readonly subscriptions: number;
}

/** A command that Redis has refused to the plugin. */
export interface Refusal {
  /** `command`, `key`, `channel` or `auth`. */
  readonly reason: string;
  /** The command, key or channel. */
  readonly object: string;
  readonly user: string;
}

/** A Redis of the check's own, with the plugin's own user and with durable topics, that can be killed and brought back. */
export class PrivateRedis {
  readonly #process: MeshProcess;
  readonly #url: string;
  readonly #manifest: Manifest;
  readonly #streams = mintStreamsName();
  #child: ChildProcess | undefined;
  #owner: RedisConnection | undefined;

  /** `url` is the mesh's own, whose user may do everything. */
  constructor(
    process: MeshProcess,
    { url, manifest }: { readonly url: string; readonly manifest: Manifest },
  ) {
    this.#process = process;
    this.#url = url;
    this.#manifest = manifest;
  }

  /** Starts it, again after `kill` with the data it had, and waits until it takes commands. */
  async start(): Promise<void> {
    if (this.#child) return;
    const { argv, cwd, env } = this.#process;
    const [program = '', ...args] = argv;
    await mkdir(join(cwd, 'redis'), { recursive: true });
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    this.#child = child;
    let output = '';
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`Redis has ended:\n${output}`)));
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes('Ready to accept connections')) resolve();
      });
    });
    await this.#own();
  }

  /** Ends it at once, as a crash would; its data stays. */
  async kill(): Promise<void> {
    this.#owner?.disconnect();
    this.#owner = undefined;
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** What the plugin has open here now. */
  async presence(): Promise<BusPresence> {
    const list = String(await this.#call('CLIENT', 'LIST'));
    const own = list.split('\n').filter((line) => line.includes(` user=${this.#user} `));
    const counts = own.map((line) => numberOf(line, 'sub') + numberOf(line, 'psub'));
    return { connections: own.length, subscriptions: counts.reduce((sum, count) => sum + count, 0) };
  }

  /** What Redis has refused since it was started. */
  async refusals(): Promise<Refusal[]> {
    const rows = (await this.#call('ACL', 'LOG')) as unknown[][];
    return rows.map((row) => {
      const entry = Object.fromEntries(
        Array.from({ length: row.length / 2 }, (_, at) => [String(row[2 * at]), String(row[2 * at + 1])]),
      );
      return {
        reason: entry['reason'] ?? '',
        object: entry['object'] ?? '',
        user: entry['username'] ?? '',
      };
    });
  }

  /** Counts what is published to browsers from now on, until Redis goes. */
  async listen(): Promise<() => number> {
    let heard = 0;
    const listener = this.#connect('check:listener');
    listener.on('pmessage', () => (heard += 1));
    await listener.psubscribe('to:*');
    this.#owner?.once('end', () => listener.disconnect());
    return () => heard;
  }

  get #user(): string {
    return pluginUser(this.#manifest.name);
  }

  async #own(): Promise<void> {
    this.#owner = this.#connect('check');
    // As mesh does: publishers to durable topics find the function there.
    const text = historyLibrary(
      this.#manifest.topics.map((rule) => ({ ...rule, plugin: this.#manifest.name })),
      this.#streams,
    );
    // Before Redis 7 there are no functions: durable topics are then refused, here as there.
    await this.#call('FUNCTION', 'LOAD', 'REPLACE', text).catch(() => undefined);
  }

  async #call(...[command = '', ...args]: string[]): Promise<unknown> {
    return this.#owner?.call(command, ...args);
  }

  #connect(name: string): RedisConnection {
    return connectRedis(this.#url, { name, log: createLog({ name, level: 'silent' }) });
  }
}

function numberOf(line: string, field: string): number {
  return Number(new RegExp(` ${field}=(\\d+)`).exec(line)?.[1] ?? 0);
}
