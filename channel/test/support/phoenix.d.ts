declare module 'phoenix' {
  export interface Push {
    receive(status: 'ok' | 'error' | 'timeout', callback: (response: unknown) => void): Push;
  }
  export interface Channel {
    readonly state: string;
    join(timeout?: number): Push;
    leave(): Push;
    push(event: string, payload: object | ArrayBuffer, timeout?: number): Push;
    on(event: string, callback: (payload: unknown) => void): number;
    onError(callback: (reason: unknown) => void): void;
    onClose(callback: () => void): void;
  }
  export class Socket {
    constructor(url: string, options?: Record<string, unknown>);
    connect(): void;
    disconnect(callback?: () => void): void;
    isConnected(): boolean;
    channel(topic: string, params?: object | (() => object)): Channel;
    onOpen(callback: () => void): void;
    onClose(callback: (event: { code: number }) => void): void;
  }
  export const LongPoll: unknown;
  export class Presence {
    constructor(channel: Channel);
    readonly state: Readonly<Record<string, { metas: { phx_ref: string }[] }>>;
    list(): { metas: { phx_ref: string }[] }[];
    onJoin(callback: (key: string) => void): void;
    onLeave(callback: (key: string) => void): void;
    onSync(callback: () => void): void;
  }
  export interface Frame {
    readonly join_ref: string | null;
    readonly ref: string | null;
    readonly topic: string;
    readonly event: string;
    readonly payload: unknown;
  }
  export const Serializer: {
    encode(frame: Frame, callback: (bytes: string | ArrayBuffer) => void): void;
    decode(bytes: string | ArrayBuffer, callback: (frame: Frame) => void): void;
  };
}

declare module 'phoenix-1.2' {
  export * from 'phoenix';
}

declare module 'phoenix-1.6' {
  export * from 'phoenix';
}

declare module 'phoenix-1.7' {
  export * from 'phoenix';
}

declare module 'phoenix-1.8.3' {
  export * from 'phoenix';
}
