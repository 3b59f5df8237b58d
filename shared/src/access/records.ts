import { z } from 'zod';

const time = z.int().min(0);
const person = { user: z.string().min(1), name: z.string().min(1), roles: z.array(z.string()) };

const sessionSchema = z.strictObject({
  ...person,
  startedAt: time,
  endsAt: time,
  idleMs: z.int().min(1),
});

const apiKeySchema = z.strictObject({
  ...person,
  hash: z.string().length(43),
  guards: z.array(z.enum(['key', 'session', 'admin'])),
  plugins: z.array(z.string()),
  endsAt: time.nullable(),
});

const changeSchema = z.strictObject({
  sessions: z.array(z.string()).optional(),
  keys: z.array(z.string()).optional(),
  users: z.array(z.string()).optional(),
});

/**
 * A session as it is kept in Redis at `sessionKey(…)`: who has logged in, with the roles of that moment. Times are in
 * milliseconds since 1970; it ends at `endsAt`, or earlier when it is not used for `idleMs`, the life of its key.
 */
export type SessionRecord = Readonly<z.infer<typeof sessionSchema>>;

/**
 * An API key as it is kept in Redis at `apiKeyKey(…)`: whose it is, with the user's roles; SHA-256 of the whole key, base64url; the
 * guards that it opens, and at which plugins (`*`: all).
 */
export type ApiKeyRecord = Readonly<z.infer<typeof apiKeySchema>>;

/** What is published on `ACCESS_CHANGE`: hashes of sessions, prefixes of keys and ids of users that changed or ended. */
export type AccessChange = Readonly<z.infer<typeof changeSchema>>;

/** Undefined when it cannot be read. */
export function parseSession(text: string): SessionRecord | undefined {
  return parse(sessionSchema, text);
}

/** Undefined when it cannot be read. */
export function parseApiKey(text: string): ApiKeyRecord | undefined {
  return parse(apiKeySchema, text);
}

/** Undefined when it cannot be read. */
export function parseAccessChange(text: string): AccessChange | undefined {
  return parse(changeSchema, text);
}

function parse<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
