export * from './compose-file.ts';
export * from './env-file.ts';
export * from './plugin-service.ts';
export * from './print-compose.ts';
