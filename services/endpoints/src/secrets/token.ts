import { z } from 'zod';
import type { Token } from '../outbound/token.ts';

/** Names and values as HTTP has them (RFC 9110 § 5.1, § 5.5): nothing that could begin another line. */
const headers = z
  .record(
    z.string().regex(/^[!#$%&'*+.^_`|~\w-]{1,64}$/),
    z.string().regex(/^[\t -~\u0080-\u00ff]{0,16384}$/),
  )
  .refine((all) => Object.keys(all).length <= 16, 'at most 16 headers');

const text = z.string().max(16_384);

const oauth2 = z.object({
  tokenUrl: z.url({ protocol: /^https?$/ }).max(2048),
  clientId: text.exactOptional(),
  clientSecret: text.exactOptional(),
  refreshToken: text.exactOptional(),
  scope: text.exactOptional(),
  grant: z.enum(['client_credentials', 'refresh_token']),
});

/** Headers that a credential consists of. */
export const tokenHeaders = headers;

/** What is kept of a credential, always encrypted. */
export const tokenSchema: z.ZodType<Token> = z.object({
  /** Sent with every request. */
  headers: headers.exactOptional(),
  /** For the hook `sign` of its type. */
  data: z.json().exactOptional(),
  /** Milliseconds since 1970. */
  expiresAt: z.number().int().min(0).exactOptional(),
  oauth2: oauth2.exactOptional(),
});

/** When a token ends and nothing renews it, milliseconds since 1970; null: never, as far as is known. */
export function endOf({ expiresAt, oauth2: renewal }: Token): number | null {
  return renewal === undefined ? (expiresAt ?? null) : null;
}
