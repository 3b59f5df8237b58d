export * from './plugin-pages.ts';
