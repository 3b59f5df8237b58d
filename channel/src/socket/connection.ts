/** The way to one client, whatever the transport. */
export interface Connection {
  /** Bytes that the client has not taken yet. */
  readonly queuedBytes: number;
  /** Sends a complete frame, which may be shared with other connections and is never changed. */
  write(frame: Buffer): void;
  /** Says goodbye with a close code, behind everything that was written. */
  close(code: number, reason: string): void;
  /** Cuts the connection without a goodbye. */
  terminate(): void;
}
