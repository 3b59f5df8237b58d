const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** One line for a terminal: control characters, which could steer it, as they are written in JSON. */
export function withoutControls(text: string): string {
  return text.replaceAll(CONTROL, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Bytes as text; undefined where they are none. */
export function utf8(bytes: Buffer): string | undefined {
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? text : undefined;
}
