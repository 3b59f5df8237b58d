import { MeshError } from '@plugmesh/sdk';
import { z } from 'zod';

/** Names of people: letters and digits of any script, and what addresses of mail have; never like a path. */
const userName = z
  .string()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._@+-]{0,63}$/u,
    'a letter or digit, then up to 63 of letters, digits, . _ @ + -',
  )
  .meta({ examples: ['ada'] });
const role = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'lower-case letters, digits and hyphens');
const roles = z.array(role).max(32);
// Checked for what it should be where it is set; here only that it cannot be a burden.
const password = z.string().max(1024);

/** Bodies of requests. */
export const BODIES = {
  login: z.strictObject({ name: userName, password }),
  link: z.strictObject({ link: z.string().max(64), password }),
  password: z.strictObject({ current: password, password }),
  newUser: z.strictObject({ name: userName, roles: roles.default([]) }),
  userChange: z.strictObject({ roles }),
  key: z.strictObject({
    name: z
      .string()
      .trim()
      .regex(/^\P{Cc}{1,80}$/u, 'up to 80 characters, none of them a control character')
      .meta({ examples: ['nightly job'] }),
    guards: z.array(z.enum(['key', 'session', 'admin'])).min(1),
    plugins: z
      .array(z.string().regex(/^(\*|[a-z][a-z0-9-]{0,39})$/, "a plugin's id, or * for all"))
      .min(1)
      .max(64),
    days: z.int().min(1).max(3650).nullable().default(null),
  }),
};

/** Reads a body. Throws MESH_BAD_REQUEST that names every problem. */
export function readBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `'${path.join('.')}': ${message}`,
  );
  throw new MeshError('MESH_BAD_REQUEST', `the body does not fit: ${problems.join('; ')}`, {
    fix: 'Send JSON with Content-Type: application/json, as /api/accounts/openapi.json describes it.',
  });
}
