export * from './config.ts';
export * from './load-config.ts';
export * from './plugin-environment.ts';
export * from './overrides.ts';
