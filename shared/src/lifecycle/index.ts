export * from './deadline.ts';
export * from './drain-server.ts';
export * from './lifecycle.ts';
export * from './random-slices.ts';
export * from './run-process.ts';
