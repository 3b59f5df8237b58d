import type { PollRequest } from './long-polls.ts';

/**
 * A request on its way to the process that has the connection, or the answer on its way back. `number` counts the
 * requests of the process that asks.
 */
export type RelayMessage =
  | {
      readonly kind: 'request';
      readonly number: number;
      /** The process that asks. */
      readonly from: string;
      readonly request: PollRequest;
    }
  | { readonly kind: 'answer'; readonly number: number; readonly text: string };

/** A message as text. */
export function encodeRelayMessage(message: RelayMessage): string {
  return JSON.stringify(message);
}

/** Reads it again. It was sealed, so nobody else has had a hand in it. */
export function decodeRelayMessage(text: string): RelayMessage {
  return JSON.parse(text) as RelayMessage;
}
