import type { MeshDocument } from '@plugmesh/shared/mesh-document';
import type { DocumentWriter } from './document-writer.ts';
import type { Lease } from './lease.ts';

/** Numbers the documents of this process, and writes them while it holds the lease. */
export class DocumentPublisher {
  readonly #lease: Lease;
  readonly #writer: DocumentWriter;
  #current: MeshDocument;
  #wasLeading = false;
  #isWritten = false;

  /** `first` is what is shown until something is published. */
  constructor(lease: Lease, writer: DocumentWriter, first: MeshDocument) {
    this.#lease = lease;
    this.#writer = writer;
    this.#current = first;
  }

  /** The newest document, whether or not this process may write it. */
  get current(): MeshDocument {
    return this.#current;
  }

  get isLeading(): boolean {
    return this.#lease.isHeld;
  }

  /** Whether the newest document is in Redis. */
  get isWritten(): boolean {
    return this.#isWritten;
  }

  /** Takes over a document that was built with the current version; a changed one gets the next. */
  async publish(document: MeshDocument): Promise<void> {
    const isLeading = await this.#lease.renew();
    const isFirst = isLeading && !this.#wasLeading;
    this.#wasLeading = isLeading;
    // Whoever led before us may have counted further.
    const version = Math.max(this.#current.version, isFirst ? await this.#writer.version() : 0);
    const isChanged = JSON.stringify(document) !== JSON.stringify(this.#current);
    if (isChanged || version !== this.#current.version || version === 0) {
      this.#current = { ...document, version: version + 1 };
    }
    if (isFirst) this.#writer.forget();
    this.#isWritten = isLeading && (await this.#writer.write(this.#current));
  }

  /** Leaves the writing to the next process. */
  stop(): Promise<void> {
    return this.#lease.release();
  }
}
