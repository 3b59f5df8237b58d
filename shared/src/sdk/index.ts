export {
  Subscriber,
  type DurableOptions,
  type DurableResult,
  type SubscriberOptions,
} from '../redis/index.ts';
export { opens, userOf, type Identity, type UserIdentity } from '../identity/index.ts';
export { MeshError } from '../errors/index.ts';
export type { MeshSettings } from '../config/index.ts';
export type { Log } from '../log/index.ts';
export type { Manifest } from '../manifest/index.ts';
export * from './attach.ts';
export { BasePlugin, type BasePluginOptions, type Parameters, type Reply } from './base-plugin.ts';
export type { BusHandler, BusMessage } from './bus-message.ts';
export type { Clock } from './clock.ts';
export type { PluginContext, Subscribe } from './context.ts';
export * from './define-plugin.ts';
export type { PluginDefinition, SetupContext } from './definition.ts';
export type { Job, JobFunction, JobOptions, JobRunner, JobView } from './jobs/job.ts';
export type { MiddlewareHandler, Visit } from './middleware.ts';
export type { Call, CallOptions } from './plugin-calls.ts';
export type { Identify, RequestHead } from './plugin-identity.ts';
export type { RequestData } from './request-data.ts';
export type { AddService, ServiceFunction, ServiceStatus } from './service-runner.ts';
export type { AnyTopics } from './topics.ts';
export type { Schema } from './validate.ts';
