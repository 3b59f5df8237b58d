/** One frame of a client, as a WebSocket would have carried it. */
export interface PostedFrame {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

/** Lines of one POST: what the official client sends at most. */
const LINES = 100;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const NOT_A_FRAME: PostedFrame = { data: Buffer.alloc(0), isBinary: true };

/**
 * The frames of a POST: one a line when it is a batch (`application/x-ndjson`), else one in all. A JSON text begins with
 * `[` or `{`, version 1 included; everything else is a binary frame in base64. Undefined for too many lines.
 */
export function postedFrames(body: string, isBatch: boolean): PostedFrame[] | undefined {
  // Not split any further: a body of short lines has half a million of them.
  const lines = isBatch ? body.trimEnd().split('\n', LINES + 1) : [body];
  if (lines.length > LINES) return undefined;
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(toFrame);
}

function toFrame(text: string): PostedFrame {
  if (text.startsWith('[') || text.startsWith('{')) return { data: Buffer.from(text), isBinary: false };
  return BASE64.test(text) ? { data: Buffer.from(text, 'base64'), isBinary: true } : NOT_A_FRAME;
}
