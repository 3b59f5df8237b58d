/** What may become of a frame that has to wait because its client reads too slowly: the rule of its topic. */
export interface Droppable {
  readonly topic: string;
  readonly overflow: 'drop-oldest' | 'latest';
}

/** The way to one client, whatever the transport. */
export interface Connection {
  /** Bytes that the client has not taken yet. */
  readonly queuedBytes: number;
  /**
   * Sends a complete frame, which may be shared with other connections and is never changed. A frame that is `droppable`
   * never makes the queue longer than its limit; without it (replies, the protocol itself) nothing is dropped.
   */
  write(frame: Buffer, droppable?: Droppable, event?: string): void;
  /** Says goodbye with a close code, behind everything that was written; what a full queue holds is dropped. */
  close(code: number, reason: string): void;
  /** Cuts the connection without a goodbye. */
  terminate(): void;
}
