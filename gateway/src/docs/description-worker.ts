import { Validator } from '@seriousme/openapi-schema-validator';
import { parentPort } from 'node:worker_threads';
import type { Source } from './description.ts';
import { readDescription } from './read-description.ts';

// One validator for all documents: to compile the schema of the specification takes longer than most of them.
const validator = new Validator();

parentPort?.on('message', ({ text, source }: { text: string; source: Source }) => {
  void readDescription(text, source, validator).then((reading) => parentPort?.postMessage(reading));
});
