export * from './codes.ts';
export * from './mesh-error.ts';
export * from './nearest-name.ts';
export * from './problem-document.ts';
