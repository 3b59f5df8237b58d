const LARGEST = 1024 * 1024;

/** Reads a JSON answer of at most 1 MiB; none at all is `undefined`. Rejects with what is wrong with it. */
export async function readAnswer(response: Response): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    // Leaving the loop ends the answer.
    if (size > LARGEST) throw new Error('the answer is larger than 1 MiB');
    chunks.push(chunk);
  }
  return size === 0 ? undefined : (JSON.parse(Buffer.concat(chunks).toString()) as unknown);
}
