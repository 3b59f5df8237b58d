declare module 'websocket-driver' {
  import type { Duplex } from 'node:stream';

  namespace websocket {
    /** The protocol alone: bytes in, bytes out; who carries them is somebody else's business. */
    interface Driver {
      readonly io: Duplex;
      start(): boolean;
      text(message: string): boolean;
      binary(message: Buffer): boolean;
      ping(message: string, callback: () => void): boolean;
      close(reason: string, code: number): boolean;
      on(event: 'open', listener: () => void): void;
      on(event: 'message', listener: (event: { data: string | Uint8Array }) => void): void;
      on(event: 'close', listener: (event: { code: number; reason: string }) => void): void;
      on(event: 'error', listener: (error: Error) => void): void;
    }
  }
  const websocket: { client(url: string, options?: object): websocket.Driver };
  export = websocket;
}
