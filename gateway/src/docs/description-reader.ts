import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Reading, Source } from './description.ts';

const WORKER = new URL('./description-worker.ts', import.meta.url);
/** A document that takes longer to read is one that nobody could use. */
const PATIENCE_MS = 5_000;
/** Kept for the next document of a mesh that starts; an idle mesh has no thread. */
const IDLE_MS = 30_000;
const MEMORY_MB = 256;

/**
 * Reads documents one after the other in a thread of its own, so that the largest or most hostile one costs no proxied request
 * a millisecond. The thread is there only while documents are read.
 */
export class DescriptionReader {
  #worker: Worker | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  /** Never rejects. */
  read(text: string, source: Source): Promise<Reading> {
    const reading = this.#last.then(() => this.#readNow(text, source));
    this.#last = reading;
    return reading;
  }

  /** Ends the thread; what is being read then is broken. */
  stop(): void {
    clearTimeout(this.#idle);
    void this.#worker?.terminate();
    this.#worker = undefined;
  }

  async #readNow(text: string, source: Source): Promise<Reading> {
    clearTimeout(this.#idle);
    const worker = (this.#worker ??= startWorker());
    const ended = new AbortController();
    const end = (): void => ended.abort();
    worker.once('exit', end);
    try {
      worker.postMessage({ text, source });
      const signal = AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), ended.signal]);
      const [reading] = (await once(worker, 'message', { signal })) as [Reading];
      return reading;
    } catch {
      this.stop();
      return { broken: `it could not be read with ${PATIENCE_MS / 1000} s and ${MEMORY_MB} MiB` };
    } finally {
      worker.off('exit', end);
      this.#idle = setTimeout(() => this.stop(), IDLE_MS).unref();
    }
  }
}

function startWorker(): Worker {
  const worker = new Worker(WORKER, { env: {}, resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB } });
  // Whoever waits for it hears of errors; one that comes when nobody waits must not end the gateway.
  worker.on('error', () => undefined);
  worker.unref();
  return worker;
}
