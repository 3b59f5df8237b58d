/**
 * Why we close a socket, and with which code. Never 1000: npm phoenix up to 1.8.15 does not reconnect after it.
 * 1007 and 1009 are sent by `ws` itself, for text that is not UTF-8 and frames that are too big.
 */
export const CLOSE_CODES = {
  drain: { code: 1012, reason: 'the service restarts' },
  disconnect: { code: 1001, reason: 'closed by the mesh' },
  malformed: { code: 1003, reason: 'too many malformed frames' },
  token: { code: 4401, reason: 'the token has expired' },
  session: { code: 4401, reason: 'the session has ended' },
  idle: { code: 4408, reason: 'no frame for too long' },
  slow: { code: 4410, reason: 'the client reads too slowly' },
  rate: { code: 4429, reason: 'too many messages' },
} as const;

/** A row of the table. */
export type CloseCause = keyof typeof CLOSE_CODES;
