export * from './credentials.ts';
export * from './records.ts';
