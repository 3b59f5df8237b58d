import { open } from 'node:fs/promises';

const TAIL_BYTES = 8192;

/** The last lines of a log file, oldest first, repeated ones once; empty when there is none. */
export async function lastLines(file: string | undefined, count: number): Promise<string[]> {
  if (file === undefined) return [];
  try {
    await using handle = await open(file, 'r');
    const { size } = await handle.stat();
    const from = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(TAIL_BYTES), position: from });
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n').filter(Boolean);
    return lines.filter((line, index) => line !== lines[index - 1]).slice(-count);
  } catch {
    return [];
  }
}
