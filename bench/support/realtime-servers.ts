import { freePort } from '@plugmesh/shared/testing';
import { Emitter } from '@socket.io/redis-emitter';
import { BenchChannel, type Feed } from './bench-channel.ts';
import type { Dialect } from './fanout-clients.ts';
import { startNginx } from './nginx.ts';
import { ServerProcess } from './server-process.ts';

/** A real-time server under test, how its clients speak, and how a message is published to a topic of theirs. */
export interface RealtimeServer {
  readonly name: string;
  /** Every process between publisher and clients, Redis apart. */
  readonly processes: readonly ServerProcess[];
  dialect(topic: string): Dialect;
  publish(topic: string, text: string): void;
}

/** The channel service alone. */
export async function startChannel(feed: Feed): Promise<RealtimeServer> {
  const channel = await BenchChannel.start(feed);
  return {
    name: channel.process.name,
    processes: [channel.process],
    dialect: (topic) => phoenixDialect(channel.socketUrl, topic),
    publish: (topic, text) => void feed.publisher.publish(`to:${topic}:tick`, text),
  };
}

/** The channel service behind the gateway, as browsers come. */
export async function startMesh(feed: Feed): Promise<RealtimeServer> {
  const port = await freePort();
  const channel = await BenchChannel.start(feed, `[gateway]\nport = ${port}\n`);
  const gateway = await ServerProcess.start('gateway', [process.execPath, 'gateway/src/main.ts'], {
    port,
    env: { PLUGMESH_FILE: channel.file },
  });
  return {
    name: 'plugmesh gateway + channel',
    processes: [gateway, channel.process],
    dialect: (topic) => phoenixDialect(`ws://127.0.0.1:${port}/socket`, topic),
    publish: (topic, text) => void feed.publisher.publish(`to:${topic}:tick`, text),
  };
}

/** Socket.IO 4 with its Redis adapter, fed by its Redis emitter. */
export async function startSocketIo({ url, publisher }: Feed): Promise<RealtimeServer> {
  const port = await freePort();
  const server = await ServerProcess.start(
    'Socket.IO 4 + Redis adapter',
    [process.execPath, 'bench/servers/socket-io.ts'],
    { port, env: { PORT: String(port), REDIS_URL: url, NODE_ENV: 'production' } },
  );
  const emitter = new Emitter(publisher);
  return {
    name: server.name,
    processes: [server],
    dialect: (topic) => ({
      url: `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`,
      hello: ['40'],
      handshake: (frame, send) => {
        if (frame.startsWith('40')) send(`420["join","${topic}"]`);
        return frame.startsWith('430');
      },
      payload: (frame) => (frame.startsWith('42["tick",') ? frame.slice('42["tick",'.length, -1) : undefined),
      answer: (frame) => (frame === '2' ? '3' : undefined),
    }),
    publish: (topic, text) => void emitter.to(topic).emit('tick', JSON.parse(text)),
  };
}

/** nchan, fed by HTTP, which is its own way in; undefined where nginx has it not. */
export async function startNchan(): Promise<RealtimeServer | undefined> {
  const port = await freePort();
  const server = await startNginx(
    'nchan (nginx)',
    port,
    `server { listen 127.0.0.1:${port};
       location /sub { nchan_subscriber websocket; nchan_channel_id $arg_topic; nchan_subscriber_first_message newest; }
       location /pub { nchan_publisher http; nchan_channel_id $arg_topic; nchan_message_buffer_length 2000; } }`,
    { nchan: true },
  );
  if (!server) return undefined;
  let previous: Promise<unknown> = Promise.resolve();
  return {
    name: server.name,
    processes: [server],
    dialect: (topic) => ({
      url: `ws://127.0.0.1:${port}/sub?topic=${topic}`,
      hello: [],
      handshake: () => true,
      payload: (frame) => frame,
    }),
    // One request after the other: nchan numbers messages as they arrive, and the clients check the order.
    publish: (topic, body) => {
      const url = `http://127.0.0.1:${port}/pub?topic=${topic}`;
      previous = previous.then(async () => (await fetch(url, { method: 'POST', body })).arrayBuffer());
    },
  };
}

/** Processor time of all its processes, in microseconds. */
export function cpuMicros({ processes }: RealtimeServer): number {
  return processes.reduce((sum, each) => sum + each.cpuMicros(), 0);
}

/** Resident memory of all its processes, in bytes. */
export function residentBytes({ processes }: RealtimeServer): number {
  return processes.reduce((sum, each) => sum + each.residentBytes(), 0);
}

export async function stop({ processes }: RealtimeServer): Promise<void> {
  for (const each of processes) await each.stop();
}

function phoenixDialect(address: string, topic: string): Dialect {
  return {
    url: `${address}/websocket?vsn=2.0.0`,
    hello: [`["1","1","${topic}","phx_join",{}]`],
    handshake: (frame) => frame.includes('"phx_reply"') && frame.includes('"ok"'),
    payload: (frame) => (frame.includes('"tick"') ? frame.slice(frame.indexOf('{'), -1) : undefined),
    heartbeat: '[null,"h","phoenix","heartbeat",{}]',
  };
}
