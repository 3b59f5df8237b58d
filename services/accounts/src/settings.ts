import { z } from 'zod';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The plugin's settings with the units that the code uses. */
export interface Settings {
  /** PostgreSQL; undefined: SQLite. */
  readonly databaseUrl: string | undefined;
  /** How long a session lasts that is not used. */
  readonly idleMs: number;
  /** How long a session lasts at most. */
  readonly lifeMs: number;
  /** How long a one-time link is valid. */
  readonly linkMs: number;
  /** Fewest characters of a password. */
  readonly passwordLength: number;
}

/** `[plugins.accounts.config]`. The manifest has the same defaults; these are needed where the plugin runs without a mesh. */
export const settings = z
  .object({
    database_url: z.string().optional(),
    session_idle_minutes: z.number().default(480),
    session_hours: z.number().default(168),
    link_hours: z.number().default(24),
    password_length: z.number().default(12),
  })
  .transform((values): Settings => ({
    databaseUrl: values.database_url,
    idleMs: values.session_idle_minutes * MINUTE_MS,
    lifeMs: values.session_hours * HOUR_MS,
    linkMs: values.link_hours * HOUR_MS,
    passwordLength: values.password_length,
  }));
