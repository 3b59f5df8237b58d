import { z } from 'zod';

const SECOND_MS = 1000;

/** The plugin's settings with the units that the code uses. */
export interface Settings {
  /** PostgreSQL; undefined: SQLite. */
  readonly databaseUrl: string | undefined;
  /** Whether users who are no administrators may register endpoints, for themselves. */
  readonly userEndpoints: boolean;
  /** Where endpoints may be: CIDRs, and the words public, private, loopback and link-local. */
  readonly allowedNetworks: readonly string[];
  /** How long a plugin may take to answer a callout. */
  readonly calloutMs: number;
  /** How long an external system may take until its answer begins. */
  readonly timeoutMs: number;
  /** Plugins that may act for users at endpoints of every type. */
  readonly trustedPlugins: readonly string[];
  /** `<id>:<base64 of 32 bytes>`, the first encrypts; undefined: files in the state folder. */
  readonly encryptionKeys: readonly string[] | undefined;
  /** At how many endpoints one request may ask at most. */
  readonly fanOut: number;
}

/** `[plugins.endpoints.config]`. The manifest has the same defaults; these are needed where the plugin runs without a mesh. */
export const settings = z
  .object({
    database_url: z.string().optional(),
    user_endpoints: z.boolean().default(false),
    allowed_networks: z.array(z.string()).default(['public']),
    callout_seconds: z.number().default(10),
    timeout_seconds: z.number().default(30),
    trusted_plugins: z.array(z.string()).default([]),
    encryption_keys: z.array(z.string()).min(1).optional(),
    fan_out: z.number().default(20),
  })
  .transform((values): Settings => ({
    databaseUrl: values.database_url,
    userEndpoints: values.user_endpoints,
    allowedNetworks: values.allowed_networks,
    calloutMs: values.callout_seconds * SECOND_MS,
    timeoutMs: values.timeout_seconds * SECOND_MS,
    trustedPlugins: values.trusted_plugins,
    encryptionKeys: values.encryption_keys,
    fanOut: values.fan_out,
  }));
