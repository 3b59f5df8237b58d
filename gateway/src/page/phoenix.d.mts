/** The part of the official `phoenix` client that this page uses; the gateway serves the client itself. */
export interface Push {
  receive(status: 'ok' | 'error' | 'timeout', callback: (response: Record<string, unknown>) => void): this;
}

export interface Channel {
  readonly topic: string;
  join(): Push;
  leave(): Push;
  on(event: string, callback: (payload: unknown) => void): number;
  push(event: string, payload: unknown, timeoutMs?: number): Push;
  onError(callback: (reason: unknown) => void): void;
  /** Sees every message before it is dispatched; must return the payload. */
  onMessage: (event: string, payload: unknown) => unknown;
}

export class Socket {
  constructor(endpoint: string, options?: Record<string, unknown>);
  connect(): void;
  isConnected(): boolean;
  onOpen(callback: () => void): void;
  onClose(callback: (event: CloseEvent) => void): void;
  onError(callback: (error: unknown) => void): void;
  channel(topic: string, params?: Record<string, unknown>): Channel;
}
