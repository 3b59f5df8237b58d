import { splitChannel } from '../../protocol/index.ts';

/** A message of the bus as a plugin sees it. */
export interface BusMessage {
  /** The whole Redis channel. */
  readonly channel: string;
  readonly topic: string;
  readonly event: string;
  readonly data: Buffer;
  /** The payload as JSON. Throws when it is not. */
  json(): unknown;
}

/** Handles one message of the bus. */
export type BusHandler = (message: BusMessage) => Promise<void> | void;

/** Makes a message of what came through a channel. */
export function busMessage(channel: string, data: Buffer): BusMessage {
  const { topic = '', event = '' } = splitChannel(channel) ?? {};
  return { channel, topic, event, data, json: () => JSON.parse(data.toString()) as unknown };
}
