export { FakeClock } from './fake-clock.ts';
export type { Published } from './memory-bus.ts';
export type { TestCallout, TestEndpointEvent } from './test-endpoints.ts';
export type { TestRequest } from './request-in-memory.ts';
export {
  createTestPlugin,
  type TestPlugin,
  type TestPluginOptions,
  type TestPluginRequest,
} from './test-plugin.ts';
export { testUser } from './test-user.ts';
export { createTestMesh, type TestMesh, type TestMeshOptions } from './test-mesh.ts';
