import { upgradeFromThreeToThreeOne } from '@scalar/openapi-upgrader/3.0-to-3.1';
import { Validator } from '@seriousme/openapi-schema-validator';
import { addressesOf } from './addresses.ts';
import type { Description, Reading, Source, Tag } from './description.ts';
import { isObject, parseBounded, valueAt, type JsonObject } from './json.ts';
import { Rewriter } from './rewrite.ts';
import { SECTIONS } from './shapes.ts';

const BOUNDS = { depth: 60, values: 200_000 };
/** Longer than any document that may be fetched: only one that borrows from itself again and again gets there. */
const LONGEST = 6 * 1024 * 1024;
const VERSION = /^3\.[01](?:\.\d+)?$/;

const TOO_LONG = `it is longer than ${LONGEST / 1024 ** 2} MiB once what it refers to is in its place`;

/** Reads documents one after the other: to compile the schema of the specification takes longer than most of them. */
export function createReading(): (text: string, source: Source) => Promise<Reading> {
  const validator = new Validator();
  return (text, source) => readDescription(text, source, validator);
}

/**
 * Reads a plugin's OpenAPI document, 3.0 or 3.1, and makes it fit to stand beside those of others. Takes as long as the document
 * is large, so it is done in a thread of its own. Never throws.
 */
export async function readDescription(
  text: string,
  source: Source,
  validator = new Validator(),
): Promise<Reading> {
  try {
    const document = parseBounded(text, BOUNDS);
    const version = isObject(document) ? document['openapi'] : undefined;
    if (!isObject(document) || typeof version !== 'string' || !VERSION.test(version)) {
      return { broken: `it is no OpenAPI 3.0 or 3.1 document: ${saidVersion(document)}` };
    }
    const upgraded = structuredClone(upgradeFromThreeToThreeOne({ ...document })) as JsonObject;
    const problem = await problemOf(upgraded, validator);
    if (problem !== undefined) return { broken: problem };
    const description = rewrite(upgraded, source);
    return JSON.stringify(description).length > LONGEST ? { broken: TOO_LONG } : { description };
  } catch (error) {
    return { broken: error instanceof SyntaxError ? 'it is not JSON' : messageOf(error) };
  }
}

function saidVersion(document: unknown): string {
  const { openapi, swagger } = isObject(document) ? document : {};
  const said = typeof openapi === 'string' ? `openapi is '${openapi}'` : 'openapi is missing';
  return (typeof swagger === 'string' ? `swagger is '${swagger}'` : said).slice(0, 100);
}

/** Held against the schema of the specification, once it is 3.1. */
async function problemOf(document: JsonObject, validator: Validator): Promise<string | undefined> {
  const { errors } = await validator.validate(structuredClone(document));
  // A text speaks of references that lead to nothing: they are left out one by one.
  const [first] = Array.isArray(errors) ? errors : [];
  if (!first) return undefined;
  return `it is not valid: ${first.instancePath || 'the document'} ${first.message ?? ''}`.slice(0, 300);
}

function rewrite(document: JsonObject, source: Source): Description {
  const addresses = addressesOf(document, source);
  const rewriter = new Rewriter(document, source);
  const paths = sorted(addresses).flatMap(([path, address]) => {
    const item = address === undefined ? undefined : pathItem(document, path);
    const copy = item && rewriter.object(item, 'pathItem');
    if (copy && address !== undefined) return [[address, copy] as const];
    rewriter.note(`the path '${path}' leads nowhere below '${source.prefix}'`);
    return [];
  });
  copyComponents(document, rewriter);
  const { components, notes } = rewriter;
  return {
    paths: Object.fromEntries(paths),
    components,
    tags: tagsOf(document, source, rewriter),
    notes: [...notes],
  };
}

/** By name, so that a program which lists its paths in any order has one document. */
function sorted<Value>(entries: Iterable<readonly [string, Value]>): (readonly [string, Value])[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** With what it refers to in it, so that each of its operations can be seen. */
function pathItem(document: JsonObject, path: string): JsonObject | undefined {
  const item = isObject(document['paths']) ? document['paths'][path] : undefined;
  if (!isObject(item)) return undefined;
  const { $ref } = item;
  const target = typeof $ref === 'string' && $ref.startsWith('#') ? valueAt(document, $ref.slice(1)) : {};
  // One step is enough: a path item that refers to one that refers on is nobody's way to write.
  return isObject(target) ? { ...target, ...item } : undefined;
}

function copyComponents(document: JsonObject, rewriter: Rewriter): void {
  for (const section of Object.keys(SECTIONS)) {
    const components = valueAt(document, `/components/${section}`);
    if (!isObject(components)) continue;
    for (const [name, value] of sorted(Object.entries(components))) {
      rewriter.component(section, name, value);
    }
  }
}

function tagsOf({ info, tags }: JsonObject, { id }: Source, rewriter: Rewriter): Tag[] {
  const said = Array.isArray(tags) ? tags.filter(isObject) : [];
  const own = said.flatMap(({ name, description }) =>
    typeof name === 'string' ? [tag(rewriter.ownName(name), description)] : [],
  );
  return [tag(id, isObject(info) ? info['description'] : undefined), ...own];
}

function tag(name: string, description: unknown): Tag {
  return { name, ...(typeof description === 'string' ? { description } : {}) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 300) : 'it cannot be read';
}
