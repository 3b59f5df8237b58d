export * from './bus-publisher.ts';
export * from './connect-redis.ts';
export * from './durable-publish.ts';
export * from './in-order.ts';
export * from './mesh-document-follower.ts';
export * from './subscriber.ts';
export * from './subscription.ts';
