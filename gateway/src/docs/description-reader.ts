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
    const patience = AbortSignal.timeout(PATIENCE_MS);
    try {
      worker.postMessage({ text, source });
      const [reading] = (await once(worker, 'message', { signal: patience })) as [Reading];
      return reading;
    } catch {
      this.stop();
      return { broken: `it could not be read within ${PATIENCE_MS / 1000} s` };
    } finally {
      this.#idle = setTimeout(() => this.stop(), IDLE_MS).unref();
    }
  }
}

function startWorker(): Worker {
  const worker = new Worker(WORKER, { env: {}, resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB } });
  worker.unref();
  return worker;
}
