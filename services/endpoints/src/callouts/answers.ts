import { z } from 'zod';
import { tokenHeaders, tokenSchema } from '../secrets/token.ts';

const LARGEST_METADATA = 65_536;

const httpUrl = z.url({ protocol: /^https?$/ }).max(2048);

/** What is shown of an endpoint, small enough to be in every list. */
export const metadata = z
  .record(z.string(), z.json())
  .refine((value) => JSON.stringify(value).length <= LARGEST_METADATA, 'at most 64 KiB of metadata');

/** A name for people. */
export const endpointName = z
  .string()
  .trim()
  .regex(/^\P{Cc}{1,80}$/u, 'up to 80 characters, none of them a control character');

/** Who somebody is at an external system. */
export const userName = z
  .string()
  .regex(/^\P{Cc}{1,200}$/u, 'up to 200 characters, none of them a control character');

/** What plugins answer to callouts; what else is in an answer is left out. */
export const ANSWERS = {
  info: z.object({
    metadata: metadata.optional(),
    tokenUrl: httpUrl.optional(),
  }),
  register: z.object({
    name: endpointName.optional(),
    metadata: metadata.optional(),
    url: z.string().optional(),
  }),
  connect: z.object({
    token: tokenSchema,
    admin: z.boolean().optional(),
    user: userName.optional(),
  }),
  validate: z.unknown(),
  'update-metadata': z.record(z.string(), z.unknown()),
  sign: z.object({ headers: tokenHeaders }),
} as const;
