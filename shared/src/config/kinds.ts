import { isIP } from 'node:net';
import { z } from 'zod';
import {
  alias,
  duration,
  guard,
  isReservedPath,
  PLAIN_NAME,
  parseDuration,
  size,
} from '../manifest/index.ts';
import type { Rate } from './config.ts';

/** A kind of value: what the file may hold, and what the environment's text stands for. */
export interface Kind<T> {
  readonly schema: z.ZodType<T>;
  readonly fromText: (text: string) => unknown;
}

const asIs = (text: string): unknown => text;
const asNumber = (text: string): unknown => (/^-?\d+$/.test(text.trim()) ? Number(text) : text);
const asFlag = (text: string): unknown => ({ true: true, false: false })[text.trim()] ?? text;
const asList = (text: string): unknown => text.split(',').map((part) => part.trim());

/** Builds a kind from a schema of texts. */
function texts<T>(schema: z.ZodType<T>): Kind<T> {
  return { schema, fromText: asIs };
}

/** A list; in the environment its elements are joined by commas. */
export function listOf<T>(element: Kind<T>): Kind<T[]> {
  return { schema: z.array(element.schema), fromText: asList };
}

/** One of some words. */
export function oneOf<const T extends readonly string[]>(words: T): Kind<T[number]> {
  return texts(z.enum(words));
}

/** A whole number, from `least` up. */
export function count(least = 1): Kind<number> {
  return { schema: z.int().min(least).max(1_000_000_000), fromText: asNumber };
}

export const port: Kind<number> = { schema: z.int().min(0).max(65_535), fromText: asNumber };
export const flag: Kind<boolean> = { schema: z.boolean(), fromText: asFlag };
export const text = texts(z.string().min(1, 'a text that is not empty'));
export const time = texts(duration);
export const bytes = texts(size);

/** How often something may be done: `"100/10s"` is 100 times within 10 seconds. */
export const rate: Kind<Rate> = texts(
  z
    .string()
    .transform(parseRate)
    .refine((rate) => rate !== undefined, 'a rate like "100/10s", with a time from "1s" to "1d"'),
);
export const guardName = texts(guard);

/** A name or address to listen on. */
export const host = texts(z.string().regex(/^[A-Za-z0-9.:_-]+$/, 'a host name or an address'));

/** What a client calls us: a host name, without a port. */
export const hostName = texts(
  z
    .string()
    .regex(/^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])$/, 'a host name without a port')
    .toLowerCase(),
);

export const redisUrl = texts(
  z
    .string()
    .refine((url) => /^rediss?:$/.test(urlOf(url)?.protocol ?? ''), 'a URL like "redis://127.0.0.1:6379"'),
);

/** Where an instance is: an origin without a path; a single closing slash is taken off. */
export const origin = texts(
  z
    .string()
    .refine(
      (url) => isOrigin(url.replace(/\/$/, '')),
      'an origin like "http://127.0.0.1:8001", without a path',
    )
    .transform((url) => url.replace(/\/$/, '')),
);

/** An origin of browsers as they write it, all names below a domain, or `*` for every one. */
export const corsOrigin = texts(
  z
    .string()
    .refine(
      (url) => url === '*' || isCorsOrigin(url),
      'an origin like "https://example.org", a domain like "https://*.example.org", or "*"',
    )
    .transform((url) => urlOf(url)?.origin ?? url),
);

/** An origin that may open sockets: scheme, host and port, each one optional; `*.` for subdomains. */
export const socketOrigin = texts(
  z
    .string()
    .regex(
      /^([a-z]+:)?(\/\/)?(\*\.)?[A-Za-z0-9.[\]:-]+(:\d+)?$/,
      'an origin like "https://example.org" or "//*.example.org"',
    ),
);

/** A network like `10.0.0.0/8`; an address alone is a network of one. */
export const network = texts(z.string().refine(isNetwork, 'a network like "10.0.0.0/8" or "::1/128"'));

/** Where a plugin is served: `/ships`, or `/api/ships`. */
export const pluginPath = texts(
  z.string().refine(isPluginPath, 'a path like "/ships" or "/api/ships" that the mesh does not use itself'),
);

export const topicPattern = texts(z.string().regex(/^[^*]+\*?$|^\*$/, 'a topic, or one that ends in "*"'));
/** What Redis' rights take: `*` alone would open everything by accident. */
export const redisPattern = texts(
  z
    .string()
    .regex(
      /^[^\s*?[\]\\()]\S*$/,
      'a Redis pattern without spaces that begins with a letter, like "jet1090:*"',
    ),
);
export const aliasPath = texts(alias);
export const endpointType = texts(PLAIN_NAME);
export const method = texts(z.string().regex(/^[A-Z]+$/, 'a method in capitals like "GET"'));
export const headerName = texts(z.string().regex(/^[A-Za-z0-9-]+$|^\*$/, 'the name of a header'));
export const pluginOrAll = texts(
  z.string().regex(/^(\*|[a-z][a-z0-9-]{0,39})$/, 'the name of a plugin, or "*"'),
);
export const pluginId = texts(z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'the name of a plugin'));

/** A key that is written into the file: what `Authorization: Bearer` can carry, and too long to be guessed. */
export const apiKey = texts(
  z.string().regex(/^[\w.~+/-]{16,}=*$/, 'at least 16 letters, digits, or any of ". _ ~ + / -"'),
);

/** Settings of a plugin's own. */
export const settings: Kind<Record<string, unknown>> = {
  schema: z.record(z.string(), z.unknown()),
  fromText: asIs,
};

function parseRate(text: string): Rate | undefined {
  const [, count = '', time = ''] = /^([1-9]\d{0,8})\/(\S+)$/.exec(text) ?? [];
  const perMs = parseDuration(time) ?? 0;
  // Redis keeps counts for whole seconds.
  return perMs < 1000 || perMs > 86_400_000 || perMs % 1000 !== 0
    ? undefined
    : { count: Number(count), perMs };
}

function urlOf(url: string): URL | undefined {
  return URL.parse(url) ?? undefined;
}

function isOrigin(url: string): boolean {
  return /^https?:\/\/[^/?#@\s]+$/.test(url) && urlOf(url) !== undefined;
}

/** A star stands for whole labels, and never for a whole top-level domain. */
function isCorsOrigin(url: string): boolean {
  const named = url.replace(/^(https?:\/\/)\*\.(?=[^.:]+\.[^.])/, '$1');
  return isOrigin(named) && !named.includes('*');
}

function isNetwork(network: string): boolean {
  const [address = '', bits, ...more] = network.split('/');
  const longest = { 4: 32, 6: 128 }[isIP(address)];
  if (longest === undefined || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest);
}

function isPluginPath(path: string): boolean {
  if (!/^(\/api)?\/[A-Za-z0-9][A-Za-z0-9._~-]*$/.test(path)) return false;
  return path.startsWith('/api/') || !isReservedPath(path);
}
