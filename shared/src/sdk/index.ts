export {
  Subscriber,
  type DurableOptions,
  type DurableResult,
  type SubscriberOptions,
} from '../redis/index.ts';
export { opens, userOf, type Identity, type UserIdentity } from '../identity/index.ts';
export { MeshError } from '../errors/index.ts';
export type { Log } from '../log/index.ts';
export * from './define-plugin.ts';
export * from './definition.ts';
export type { Call, CallOptions } from './plugin-calls.ts';
export type { Identify, RequestHead } from './plugin-identity.ts';
