import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../log/index.ts';

/** The last good mesh document on disk, for a start without Redis. Every process of a host writes the same file. */
export class DocumentCopy {
  readonly #file: string;
  readonly #log: Log;
  #writing: Promise<void> = Promise.resolve();

  constructor(stateDir: string, log: Log) {
    this.#file = join(stateDir, 'mesh-document.json');
    this.#log = log;
  }

  /** Its text, or undefined when there is none. */
  async read(): Promise<string | undefined> {
    return readFile(this.#file, 'utf8').catch(() => undefined);
  }

  /** Replaces it as a whole, in the background: a copy that cannot be written is a warning, not a failure. */
  write(text: string): void {
    this.#writing = this.#writing
      .then(() => this.#replace(text))
      .catch((error: unknown) => {
        this.#log.warn({ err: error, file: this.#file }, 'the mesh document could not be copied to disk');
      });
  }

  /** Resolves when everything written so far is on disk. */
  flush(): Promise<void> {
    return this.#writing;
  }

  async #replace(text: string): Promise<void> {
    await mkdir(join(this.#file, '..'), { recursive: true });
    // A reader must never see half of it, and two processes must not write into the same file.
    const temporary = `${this.#file}.${process.pid}.tmp`;
    await writeFile(temporary, text, { mode: 0o600 });
    await rename(temporary, this.#file);
  }
}
