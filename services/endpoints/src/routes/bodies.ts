import { X509Certificate } from 'node:crypto';
import { MeshError } from '@plugmesh/sdk';
import { z } from 'zod';
import { endpointName } from '../callouts/answers.ts';

const name = endpointName.meta({ examples: ['Production metrics'] });
const typeName = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, "a type's name");
const caCert = z
  .string()
  .max(65_536)
  .refine(isCertificate, 'a certificate in PEM, or several')
  .meta({ description: 'Certificates that are trusted for this endpoint, in PEM.' });
const skipTlsValidation = z.boolean().meta({ description: 'Trust whatever certificate it has.' });
const field = z.string().max(16_384);

/** Bodies of requests. */
export const BODIES = {
  endpoint: z.strictObject({
    type: typeName.meta({ examples: ['metrics'] }),
    subType: typeName.nullable().default(null),
    name,
    url: z
      .string()
      .max(2048)
      .meta({ examples: ['https://metrics.example.org'] }),
    skipTlsValidation: skipTlsValidation.default(false),
    caCert: caCert.nullable().default(null),
  }),
  endpointChange: z.strictObject({
    name: name.optional(),
    skipTlsValidation: skipTlsValidation.optional(),
    caCert: caCert.nullable().optional(),
  }),
  connection: z.strictObject({
    kind: z
      .string()
      .max(40)
      .meta({ examples: ['basic'] }),
    credentials: z
      .record(z.string().max(40), field)
      .refine((fields) => Object.keys(fields).length <= 32, 'at most 32 fields')
      .default({}),
    shared: z.boolean().default(false).meta({ description: 'For everybody (administrators).' }),
  }),
};

/** What is read of queries. */
export const QUERIES = {
  connection: z.object({ shared: z.enum(['0', '1']).default('0') }),
  events: z.object({
    after: z.coerce.number().int().min(0).default(0),
    limit: z.coerce.number().int().min(1).max(1000).default(100),
  }),
};

/** Reads a body. Throws MESH_BAD_REQUEST that names every problem, and no value. */
export function readBody<T>(schema: z.ZodType<T>, body: unknown): T {
  return read(schema, body, {
    what: 'the body',
    fix: 'Send JSON with Content-Type: application/json, as /api/endpoints/openapi.json describes it.',
  });
}

/** Reads a query likewise. */
export function readQuery<T>(schema: z.ZodType<T>, query: unknown): T {
  return read(schema, query, { what: 'the query', fix: '/api/endpoints/openapi.json describes it.' });
}

function read<T>(schema: z.ZodType<T>, value: unknown, { what, fix }: { what: string; fix: string }): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `'${path.join('.')}': ${message}`,
  );
  throw new MeshError('MESH_BAD_REQUEST', `${what} does not fit: ${problems.join('; ')}`, { fix });
}

function isCertificate(pem: string): boolean {
  const parts = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return parts.length > 0 && parts.every(canBeRead);
}

function canBeRead(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
