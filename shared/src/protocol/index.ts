export * from './bus.ts';
export * from './frames-v1.ts';
export * from './frames.ts';
export * from './topics.ts';
