import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../support/fault.ts';

const CLIENTS = 50;
const BYTE_MS = 2;
const FRAMES = [
  ['1', '1', 'room:bytes', 'phx_join', {}],
  ['1', '2', 'room:bytes', 'hello', { text: 'one byte at a time' }],
  [null, '3', 'phoenix', 'heartbeat', {}],
  ['1', '4', 'room:bytes', 'phx_leave', {}],
];

export const byteByByte: Fault = {
  name: 'byte-by-byte',
  what: `${CLIENTS} clients send their upgrade and frames one byte at a time`,
  options: { processes: 1 },
  async cause({ port }) {
    const answers = await Promise.all(Array.from({ length: CLIENTS }, () => trickle(port)));
    const replies = answers.map((text) => [...text.matchAll(/"phx_reply",\{"status":"ok"/g)].length);
    assert.deepEqual(new Set(replies), new Set([FRAMES.length]), 'every frame was answered with ok');
    return { repliesToEach: FRAMES.length };
  },
};

/** Resolves to everything that the server said. */
async function trickle(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let heard = '';
  socket.on('data', (chunk) => (heard += chunk.toString('latin1')));
  for (const byte of Buffer.concat([upgrade(), ...FRAMES.map(frame)])) {
    socket.write(Buffer.of(byte));
    await delay(BYTE_MS);
  }
  const deadline = performance.now() + 5000;
  while (!heard.includes('"phx_close"') && performance.now() < deadline) await delay(BYTE_MS);
  socket.destroy();
  return heard;
}

function upgrade(): Buffer {
  const lines = [
    'GET /socket/websocket?vsn=2.0.0 HTTP/1.1',
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

/** A text frame under 126 bytes, masked with zeros (RFC 6455, 5.2). */
function frame(fields: readonly unknown[]): Buffer {
  const payload = Buffer.from(JSON.stringify(fields));
  return Buffer.concat([Buffer.of(0x81, 0x80 + payload.length, 0, 0, 0, 0), payload]);
}
