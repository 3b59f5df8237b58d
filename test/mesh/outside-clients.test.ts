import assert from 'node:assert/strict';
import { join } from 'node:path';
import { meshPorts, redisUrlOf } from '@plugmesh/shared/processes';
import { eventually, startProcess, type RunningProcess } from '@plugmesh/shared/testing';
import { BusListener } from './support/bus-listener.ts';
import { skipped } from './support/describe-with.ts';
import { build, type Built } from './support/languages.ts';
import { TestMesh } from './support/test-mesh.ts';

/*
 * Clients of Phoenix Channels that we did not write, unmodified, from the registries of three languages. Each was chosen
 * among its language's few because it has pushes with replies, comes back by itself, and depends on little:
 *
 * - Python: phoenix-channels-python-client 0.4.1, the one that is maintained. Its version 2 drops every frame whose
 *   join_ref is not that of the join, so also the broadcasts of Phoenix itself, which have none: it hears them in
 *   version 1, and in version 2 what is pushed to it alone.
 * - Go: github.com/nshafer/phx 0.2.5, modelled on the official client. It joins with `null`.
 * - Rust: phyllo 0.3.0, the only crate that comes back by itself. Its references are numbers and its first join has the
 *   join_ref 0, whatever it names afterwards.
 */
const CLIENTS = join(import.meta.dirname, 'clients');
const TOPIC = 'system';
const BUILD_TIMEOUT_MS = 10 * 60_000;

interface Row {
  readonly id: string;
  readonly version: string;
  /** What the client has to have heard of the server's own accord. */
  readonly hears: 'broadcasts' | 'pushes';
}

const ROWS: readonly Row[] = [
  { id: 'phoenix-python', version: '1', hears: 'broadcasts' },
  { id: 'phoenix-python', version: '2', hears: 'pushes' },
  { id: 'phoenix-go', version: '2', hears: 'broadcasts' },
  { id: 'phoenix-rust', version: '2', hears: 'broadcasts' },
];

/** A client's program: one line for each reply and each event, as `name json`. */
class Client {
  readonly #process: RunningProcess;

  private constructor(process: RunningProcess) {
    this.#process = process;
  }

  static async start({ folder, manifest }: Built, args: readonly string[]): Promise<Client> {
    const [program = '', ...rest] = manifest.run;
    return new Client(await startProcess([join(folder, program), ...rest, ...args], { cwd: folder }));
  }

  /** The payloads of one event, in order. */
  heard(event: string): Record<string, unknown>[] {
    const lines = this.#process.output.split('\n').filter((line) => line.startsWith(`${event} {`));
    return lines.map((line) => JSON.parse(line.slice(event.length)) as Record<string, unknown>);
  }

  /** Waits until there are more of this event than now. */
  async more(event: string, what: string): Promise<void> {
    const before = this.heard(event).length;
    const isMore = (): boolean => this.heard(event).length > before;
    await eventually(isMore, { timeoutMs: 20_000, what }).catch((cause: unknown) => {
      throw new Error(`${String(cause)}\n${this.#process.output.slice(-2000)}`, { cause });
    });
  }

  stop(): Promise<unknown> {
    return this.#process.stop();
  }
}

describe('clients of Phoenix Channels in other languages', function () {
  this.timeout(90_000);
  let mesh: TestMesh;
  let bus: BusListener;

  before(async () => {
    mesh = await TestMesh.create();
    await mesh.up();
    bus = new BusListener(redisUrlOf(mesh.config, meshPorts(mesh.config, [])), TOPIC);
    await bus.start();
  });
  after(async () => {
    await bus.stop();
    await mesh.remove();
  });

  /** Publishes until the client has heard one more: it does not say when it is back. */
  async function untilHeard(client: Client): Promise<void> {
    const before = client.heard('news').length;
    await eventually(
      async () => {
        await bus.publishRaw(`to:${TOPIC}:news`, '{"text":"grüß"}');
        return client.heard('news').length > before;
      },
      { timeoutMs: 20_000, everyMs: 100, what: 'a broadcast' },
    );
    assert.deepEqual(client.heard('news').at(-1), { text: 'grüß' });
  }

  async function killChannel(): Promise<void> {
    const pid = (await mesh.runningProcesses()).find(({ name }) => name === 'channel')?.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    await eventually(
      async () => {
        const now = (await mesh.runningProcesses()).find(({ name }) => name === 'channel')?.pid ?? 0;
        return now > 0 && now !== pid;
      },
      { timeoutMs: 20_000, what: 'another channel process' },
    );
  }

  for (const { id, version, hears } of ROWS) {
    describe(`${id}, protocol version ${version}`, () => {
      let client: Client;
      let started: Client | undefined;

      before(async function () {
        this.timeout(BUILD_TIMEOUT_MS);
        const result = await build({ id }, { folder: CLIENTS });
        if (result.state === 'skipped') skipped(this, id, result.reason);
        const origin = mesh.origin.replace('http', 'ws');
        client = started = await Client.start(result, [
          origin,
          TOPIC,
          ...(id.includes('python') ? [version] : []),
        ]);
      });
      after(() => started?.stop());

      it('joins, pushes and gets its replies', async () => {
        await client.more('reply', 'a reply');
        assert.deepEqual(client.heard('reply').at(-1), { status: 'ok', response: {} });
      });

      it(`hears ${hears}`, async () => {
        if (hears === 'broadcasts') await untilHeard(client);
        else await eventually(() => client.heard('presence_state').length > 0);
      });

      it('is back by itself when the channel process was killed', async () => {
        await killChannel();
        await client.more('reply', 'a reply of the next process');
        if (hears === 'broadcasts') await untilHeard(client);
      });
    });
  }
});
