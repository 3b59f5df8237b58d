export * from './channel-tokens.ts';
export * from './identity-claims.ts';
export * from './identity-keys.ts';
export * from './identity-tokens.ts';
export * from './identity.ts';
export * from './mac.ts';
export * from './process-tokens.ts';
export { loadSecrets, secretTexts, type Secrets } from './secrets.ts';
