export * from './event-id.ts';
export * from './history-key.ts';
export * from './history-library.ts';
