export * from './access-key.ts';
export * from './credentials.ts';
export * from './records.ts';
export * from './same-secret.ts';
export * from './still-holds.ts';
