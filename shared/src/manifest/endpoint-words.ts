import { z } from 'zod';

/** The name of a type, a subtype or a kind. */
export const PLAIN_NAME = z
  .string('a name')
  .regex(
    /^[a-z][a-z0-9-]{0,39}$/,
    'lower-case letters, digits and hyphens, beginning with a letter, at most 40',
  );

/** What people read in a dialog. */
export const title = z.string().min(1, 'a text that people read').max(80, 'a text of at most 80 characters');

// Two slashes at the beginning, or a backslash, would name another host.
/** A path below an endpoint's URL. */
export const pathBelow = z
  .string()
  .regex(/^\/(?!\/)[!-"$-[\]-~]*$/, 'a path that begins with one /, in ASCII, like "/api/version"');
