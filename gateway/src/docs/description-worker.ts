import { parentPort } from 'node:worker_threads';
import type { Source } from './description.ts';
import { createReading } from './read-description.ts';

const read = createReading();

parentPort?.on('message', ({ text, source }: { text: string; source: Source }) => {
  void read(text, source).then((reading) => parentPort?.postMessage(reading));
});
