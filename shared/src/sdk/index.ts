export { Subscriber, type SubscriberOptions } from '../redis/subscriber.ts';
export type { DurableOptions, DurableResult } from '../redis/durable-publish.ts';
export { opens, userOf, type Identity, type UserIdentity } from '../identity/index.ts';
export { MeshError } from '../errors/index.ts';
export type { MeshSettings } from '../config/mesh-settings.ts';
export type { Log } from '../log/index.ts';
export type { Manifest } from '../manifest/manifest.ts';
export * from './attach.ts';
export {
  BasePlugin,
  type BasePluginOptions,
  type PluginParameters,
  type Reply,
} from './class/base-plugin.ts';
export type { BusHandler, BusMessage } from './bus/bus-message.ts';
export type { Clock } from './clock.ts';
export type { PluginContext, Subscribe } from './context.ts';
export * from './define-plugin.ts';
export type { PluginDefinition, SetupContext } from './definition.ts';
export type * from './endpoints/contract.ts';
export type { Callout, EndpointHooks, Reach, ReachOf } from './endpoints/hooks.ts';
export type { Job, JobFunction, JobOptions, JobRunner, JobView } from './jobs/job.ts';
export type { MiddlewareHandler, Visit } from './http/middleware.ts';
export type { UpgradeHandler } from './http/upgrades.ts';
export type { Call, CallOptions } from './plugin-calls.ts';
export type { Identify, RequestHead } from './plugin-identity.ts';
export type { RequestData } from './class/request-data.ts';
export type { AddService, ServiceFunction, ServiceStatus } from './service-runner.ts';
export type { AnyTopics } from './topics.ts';
export type { Schema } from './validate.ts';
