export * from './pack-sdk.ts';
