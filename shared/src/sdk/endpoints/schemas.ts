import { z } from 'zod';
import type { EndpointHook } from '../../manifest/endpoint-type.ts';
import type {
  ConnectAnswer,
  ConnectRequest,
  Endpoint,
  EndpointEvent,
  EndpointToken,
  InfoAnswer,
  InfoRequest,
  RegisterAnswer,
  RegisterRequest,
  SignAnswer,
  SignRequest,
  UpdateMetadataAnswer,
  UpdateMetadataRequest,
  ValidateRequest,
} from './contract.ts';

const object = z.record(z.string(), z.unknown());
const texts = z.record(z.string(), z.string());
const reach = z.string().regex(/^(\/[\w.~-]+)+$/, "a path at 'endpoints'");

const endpoint = z.object({
  guid: z.string(),
  name: z.string(),
  type: z.string(),
  subType: z.string().nullable(),
  url: z.string(),
  owner: z.string().nullable(),
  metadata: z.record(z.string(), object),
}) satisfies z.ZodType<Endpoint>;

// A token that was stored is read as it is; one that a hook makes is held against this.
const token = z.strictObject({
  headers: texts.exactOptional(),
  data: z.unknown().exactOptional(),
  expiresAt: z.number().exactOptional(),
  oauth2: z
    .strictObject({
      grant: z.enum(['client_credentials', 'refresh_token']),
      tokenUrl: z.string(),
      clientId: z.string().exactOptional(),
      clientSecret: z.string().exactOptional(),
      refreshToken: z.string().exactOptional(),
      scope: z.string().exactOptional(),
    })
    .exactOptional(),
}) satisfies z.ZodType<EndpointToken>;

/** What a hook is asked with and may answer. What `endpoints` adds one day is left out; what a hook adds is a mistake. */
export interface HookSchemas {
  readonly request: z.ZodType<object>;
  readonly answer: z.ZodType<object>;
}

/** The contract of every hook. */
export const HOOK_SCHEMAS = {
  info: {
    request: z.object({
      url: z.string(),
      subType: z.string().nullable(),
      skipTlsValidation: z.boolean(),
      caCert: z.string().nullable(),
      reach,
    }) satisfies z.ZodType<InfoRequest>,
    answer: z.strictObject({
      metadata: object.exactOptional(),
      tokenUrl: z.string().exactOptional(),
    }) satisfies z.ZodType<InfoAnswer>,
  },
  register: {
    request: z.object({ endpoint, reach }) satisfies z.ZodType<RegisterRequest>,
    answer: z.strictObject({
      name: z.string().exactOptional(),
      url: z.string().exactOptional(),
      metadata: object.exactOptional(),
    }) satisfies z.ZodType<RegisterAnswer>,
  },
  connect: {
    request: z.object({
      endpoint,
      connectType: z.string(),
      credentials: texts,
      reach,
    }) satisfies z.ZodType<ConnectRequest>,
    answer: z.strictObject({
      token,
      admin: z.boolean().exactOptional(),
      user: z.string().exactOptional(),
    }) satisfies z.ZodType<ConnectAnswer>,
  },
  validate: {
    request: z.object({ endpoint, token, reach }) satisfies z.ZodType<ValidateRequest>,
    answer: z.strictObject({}),
  },
  'update-metadata': {
    request: z.object({
      endpoints: z.array(endpoint.extend({ connected: z.boolean() })),
      user: z.object({ id: z.string(), name: z.string(), admin: z.boolean() }),
    }) satisfies z.ZodType<UpdateMetadataRequest>,
    answer: z.record(z.string(), object) satisfies z.ZodType<UpdateMetadataAnswer>,
  },
  sign: {
    request: z.object({
      endpoint,
      token,
      method: z.string(),
      url: z.string(),
    }) satisfies z.ZodType<SignRequest>,
    answer: z.strictObject({ headers: texts }) satisfies z.ZodType<SignAnswer>,
  },
} as const satisfies Readonly<Record<EndpointHook, HookSchemas>>;

/** What `GET /v1/events` of `endpoints` answers: events after a cursor, the oldest first, and the cursor behind them. */
export const eventPage = z.object({
  events: z.array(
    z.object({
      id: z.number(),
      event: z.enum(['registered', 'updated', 'unregistered', 'connected', 'disconnected']),
      at: z.number(),
      endpoint,
      user: z.string().exactOptional(),
      admin: z.boolean().exactOptional(),
    }) satisfies z.ZodType<EndpointEvent>,
  ),
  next: z.number(),
  /** False: some of what came after the cursor is no longer kept. */
  complete: z.boolean(),
});
