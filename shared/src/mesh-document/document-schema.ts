import { z } from 'zod';
import { ENDPOINT_HOOKS } from '../manifest/endpoint-type.ts';
import { guard, routeGuard } from '../manifest/http-schema.ts';
import type { MeshDocument } from './types.ts';

const text = z.string().min(1);
const access = z.enum(['public', 'session', 'admin', 'owner', 'none']);
const origin = z.string().regex(/^https?:\/\/[^/?#\s]+$/, 'an origin like "http://127.0.0.1:2350"');
const path = z.string().startsWith('/', 'a path that begins with /');
const count = z.int().min(0);

const instance = z.object({
  id: text,
  url: origin,
  state: z.enum(['starting', 'ready', 'unready', 'draining']),
  pid: count.exactOptional(),
  readyMs: z.number().min(0).exactOptional(),
});

const route = z.object({
  path,
  methods: z.array(text).exactOptional(),
  guard: routeGuard,
  timeoutMs: count.exactOptional(),
  maxBody: count.exactOptional(),
  maxResponse: count.exactOptional(),
  plugins: z.array(text).exactOptional(),
});

const http = z.object({
  prefix: path,
  aliases: z.array(path),
  stripPrefix: z.boolean(),
  guard,
  routes: z.array(route),
  html: z.enum(['sandbox', 'trusted']),
  openapi: z.union([path, z.literal(false)]),
  health: path,
  timeoutMs: count,
  maxBody: count,
  maxResponse: count.exactOptional(),
  corsOrigins: z.array(text).exactOptional(),
  keyHash: z.string().length(43).exactOptional(),
});

const failure = z.object({
  code: text,
  message: z.string(),
  lines: z.array(z.string()),
  fix: z.string().exactOptional(),
});

const plugin = z.object({
  id: text,
  title: z.string().exactOptional(),
  description: z.string().exactOptional(),
  version: z.string().exactOptional(),
  language: z.string().exactOptional(),
  source: z.enum(['manifest', 'config', 'registration']),
  enabled: z.boolean(),
  state: z.enum(['starting', 'ready', 'stopped', 'unready', 'disabled', 'skipped', 'invalid']),
  reason: z.string().exactOptional(),
  failure: failure.exactOptional(),
  http,
  instances: z.array(instance),
});

const middleware = z.object({
  plugin: text,
  phase: z.enum(['public', 'session']),
  path,
  order: z.number(),
  match: z.array(path),
  timeoutMs: count,
  onError: z.enum(['deny', 'allow']),
  setRequest: z.array(text),
  setResponse: z.array(text),
});

const topic = z.object({
  pattern: text,
  plugin: text,
  join: access,
  push: access,
  presence: z.boolean(),
  envelope: z.boolean(),
  overflow: z.enum(['disconnect', 'drop-oldest', 'latest']),
  history: z.object({ size: count, ttlMs: count }).exactOptional(),
  events: z.record(z.string(), z.unknown()).exactOptional(),
  description: z.string().exactOptional(),
});

const connectKind = z.object({
  kind: text,
  title: z.string(),
  header: text.exactOptional(),
  prefix: z.string().exactOptional(),
  tokenPath: path.exactOptional(),
  fields: z.array(
    z.object({
      name: text,
      title: z.string(),
      secret: z.boolean(),
      required: z.boolean(),
      placeholder: z.string().exactOptional(),
    }),
  ),
});

const endpointType = z.object({
  plugin: text,
  type: text,
  title: z.string(),
  description: z.string().exactOptional(),
  subTypes: z.array(z.object({ type: text, title: z.string() })),
  connect: z.array(connectKind),
  infoPath: path.exactOptional(),
  userPath: path.exactOptional(),
  userName: text.exactOptional(),
  hooks: z.array(z.enum(ENDPOINT_HOOKS)),
  callouts: path.exactOptional(),
});

/** The schema of the mesh document. Members that it does not know are left out: a newer mesh may have written it. */
export const documentSchema: z.ZodType<MeshDocument> = z.object({
  format: z.literal(1),
  version: count,
  mode: z.enum(['production', 'development']),
  control: z.object({ url: origin }),
  channel: z.object({ url: origin }),
  plugins: z.array(plugin),
  middleware: z.array(middleware),
  topics: z.array(topic),
  // An older mesh has none.
  endpointTypes: z.array(endpointType).default([]),
});
