import { once } from 'node:events';
import { eventually } from '@plugmesh/shared/testing';
import { WebSocket } from 'ws';

type Frame = [joinRef: string | null, ref: string | null, topic: string, event: string, payload: unknown];

/** One socket that has joined one topic, as a browser would. */
export interface TopicSocket {
  push(event: string, payload: unknown): void;
  /** The payload of the next broadcast with this event. */
  next(event: string): Promise<unknown>;
  close(): void;
}

/** Opens a socket at a mesh and joins a topic; rejects when it may not. */
export async function joinTopic(origin: string, topic: string): Promise<TopicSocket> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/socket/websocket?vsn=2.0.0`);
  const frames: Frame[] = [];
  socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString()) as Frame));
  await once(socket, 'open');
  let ref = 1;
  const send = (event: string, payload: unknown): void =>
    socket.send(JSON.stringify(['1', String(ref++), topic, event, payload]));
  send('phx_join', {});
  const reply = await eventually(() => frames.find(([, frameRef]) => frameRef === '1'));
  const { status } = reply[4] as { status: string };
  if (status !== 'ok') throw new Error(`'${topic}' cannot be joined: ${JSON.stringify(reply[4])}`);
  return {
    push: send,
    next: async (event) => {
      const seen = frames.length;
      const isNext = ([, , , name]: Frame, n: number): boolean => n >= seen && name === event;
      return (await eventually(() => frames.find(isNext), { what: `a '${event}'` }))[4];
    },
    close: () => socket.terminate(),
  };
}
