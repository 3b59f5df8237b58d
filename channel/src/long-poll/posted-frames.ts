/** One frame of a client, as a WebSocket would have carried it. */
export interface PostedFrame {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const NOT_A_FRAME: PostedFrame = { data: Buffer.alloc(0), isBinary: true };

/**
 * The frames of a POST: one a line when it is a batch (`application/x-ndjson`), else one in all. A JSON text begins with
 * `[` or `{`, version 1 included; everything else is a binary frame in base64.
 */
export function postedFrames(body: string, isBatch: boolean): PostedFrame[] {
  const lines = isBatch ? body.split('\n') : [body];
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(toFrame);
}

function toFrame(text: string): PostedFrame {
  if (text.startsWith('[') || text.startsWith('{')) return { data: Buffer.from(text), isBinary: false };
  return BASE64.test(text) ? { data: Buffer.from(text, 'base64'), isBinary: true } : NOT_A_FRAME;
}
