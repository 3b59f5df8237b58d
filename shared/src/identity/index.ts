export * from './channel-tokens.ts';
export * from './identity.ts';
export * from './process-tokens.ts';
export { loadSecrets, type Secrets } from './secrets.ts';
