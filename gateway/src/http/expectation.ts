import type { IncomingMessage } from 'node:http';

/** As Node reads it, so that what it expects to be said is said. */
const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i;

/** Whether the client waits for "100 Continue" before it sends its body. */
export function expectsContinue({ headers: { expect } }: IncomingMessage): boolean {
  return expect !== undefined && CONTINUE.test(expect);
}
