/** Opcodes of data frames (RFC 6455 § 5.2). */
export const OPCODE = { text: 1, binary: 2 } as const;

const FINAL = 0x80;

/** One complete, unmasked WebSocket frame (RFC 6455 § 5.2) around the joined parts, in a single allocation. */
export function webSocketFrame(opcode: number, parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((total, part) => total + part.length, 0);
  const headLength = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headLength + length);
  writeHead(frame, opcode, length);
  let offset = headLength;
  for (const part of parts) {
    part.copy(frame, offset);
    offset += part.length;
  }
  return frame;
}

/** A text frame of one string. */
export function webSocketTextFrame(text: string): Buffer {
  return webSocketFrame(OPCODE.text, [Buffer.from(text)]);
}

function writeHead(frame: Buffer, opcode: number, length: number): void {
  frame[0] = FINAL | opcode;
  if (length < 126) frame[1] = length;
  else if (length < 65_536) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
}
