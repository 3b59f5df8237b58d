export * from './build-mesh-document.ts';
export * from './compile-routes.ts';
export * from './document-input.ts';
export { excesses } from './grants.ts';
export { languageOf } from './language.ts';
export * from './match-topic.ts';
export * from './mesh-topics.ts';
export * from './parse-mesh-document.ts';
export * from './types.ts';
