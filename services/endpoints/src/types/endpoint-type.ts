import { z } from 'zod';

/** The callouts that a plugin can answer for its types. */
export const HOOKS = ['info', 'register', 'connect', 'validate', 'update-metadata', 'sign'] as const;

/** A callout by its name. */
export type Hook = (typeof HOOKS)[number];

const field = z.object({
  name: z.string(),
  title: z.string().optional(),
  secret: z.boolean().default(false),
  required: z.boolean().default(true),
  placeholder: z.string().optional(),
});

const kind = z.object({
  kind: z.string(),
  title: z.string().optional(),
  header: z.string().optional(),
  prefix: z.string().optional(),
  tokenPath: z.string().optional(),
  fields: z.array(field).default([]),
});

/** A type as `mesh` tells of it: the manifest's entry with its defaults, and how the plugin is. */
export const endpointTypeSchema = z.object({
  type: z.string(),
  plugin: z.string(),
  title: z.string().optional(),
  description: z.string().optional(),
  subTypes: z.array(z.object({ type: z.string(), title: z.string().optional() })).default([]),
  connect: z.array(kind),
  infoPath: z.string().optional(),
  userPath: z.string().optional(),
  userName: z.string().optional(),
  hooks: z.array(z.enum(HOOKS)).default([]),
  callouts: z.string().default('/endpoint'),
  pluginTitle: z.string().optional(),
  available: z.boolean(),
  reason: z.string().optional(),
});

/** A type of endpoint and whether its plugin is there. */
export type EndpointType = z.output<typeof endpointTypeSchema>;

/** A way to connect to endpoints of a type. */
export type ConnectKind = z.output<typeof kind>;

/** What browsers are told of a type: how to register and connect, not how it is answered. */
export function typeView(entry: EndpointType): object {
  const { type, plugin, title, description, subTypes, connect, pluginTitle, available, reason } = entry;
  return { type, plugin, title, description, subTypes, connect, pluginTitle, available, reason };
}
