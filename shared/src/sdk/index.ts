export {
  Subscriber,
  type DurableOptions,
  type DurableResult,
  type SubscriberOptions,
} from '../redis/index.ts';
export { MeshError } from '../errors/index.ts';
export type { Log } from '../log/index.ts';
export * from './define-plugin.ts';
export * from './definition.ts';
