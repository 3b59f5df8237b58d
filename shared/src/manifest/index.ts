export * from './find-manifests.ts';
export * from './manifest.ts';
export * from './parse-manifest.ts';
