export * from './eventually.ts';
export * from './free-port.ts';
export * from './postgres-server.ts';
export * from './redis-server.ts';
export * from './start-process.ts';
export * from './tcp-relay.ts';
