export * from './plugin-rights.ts';
export * from './redis-url.ts';
