import { Validator } from '@seriousme/openapi-schema-validator';
import type { Subject } from './subject.ts';

/** One operation of a description. */
export interface Operation {
  /** In capitals. */
  readonly method: string;
  /** As the description writes it, `/v1/{id}`. */
  readonly path: string;
  /** What it says about who may call it; undefined: nothing. */
  readonly security: 'open' | 'closed' | undefined;
  /** Whether it can be called with nothing but its path. */
  readonly isPlain: boolean;
}

/** What a plugin says about its API. */
export type Description =
  | { readonly kind: 'valid'; readonly version: string; readonly operations: readonly Operation[] }
  | { readonly kind: 'absent'; readonly why: string }
  | { readonly kind: 'invalid'; readonly why: string; readonly lines?: readonly string[] };

type Fields = Readonly<Record<string, unknown>>;

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
const PROBLEMS_SHOWN = 5;

/** Fetches and checks the description that the manifest names. Throws a `Fault` where there is no answer. */
export async function readDescription(subject: Subject): Promise<Description> {
  const { openapi } = subject.http;
  if (openapi === false) return { kind: 'absent', why: "the manifest says 'openapi': false" };
  const { status, text } = await subject.ask(openapi);
  if (status === 404) return { kind: 'absent', why: `nothing is at ${openapi}` };
  if (status !== 200) return { kind: 'invalid', why: `GET ${openapi} is answered with ${status}` };
  const document = parse(text);
  if (!document) return { kind: 'invalid', why: `what is at ${openapi} is not a JSON object` };
  const { openapi: version, swagger } = document;
  if (typeof version !== 'string' || !/^3\.[01]\./.test(version)) {
    const said = JSON.stringify({ openapi: version, swagger });
    return { kind: 'invalid', why: `it says ${said}; OpenAPI 3.0 and 3.1 are read here` };
  }
  const problems = await problemsOf(text);
  if (problems.length > 0)
    return { kind: 'invalid', why: `it is not valid OpenAPI ${version}`, lines: problems };
  return { kind: 'valid', version, operations: operationsOf(document) };
}

function parse(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The first problems that the schema finds, `/paths/~1/get: must have required property 'responses'`. */
async function problemsOf(text: string): Promise<string[]> {
  try {
    // It changes what it is given.
    const { valid, errors } = await new Validator().validate(JSON.parse(text) as Fields);
    if (valid) return [];
    const list = typeof errors === 'string' ? [errors] : (errors ?? []).map(said);
    return [...new Set(list)].slice(0, PROBLEMS_SHOWN);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function said({ instancePath, message = 'is not valid', params }: SchemaProblem): string {
  const name = (params as { additionalProperty?: string; unevaluatedProperty?: string } | undefined) ?? {};
  const which = name.additionalProperty ?? name.unevaluatedProperty;
  return `${instancePath || '/'}: ${message}${which === undefined ? '' : ` ('${which}')`}`;
}

interface SchemaProblem {
  readonly instancePath: string;
  readonly message?: string;
  readonly params?: unknown;
}

function operationsOf(document: Fields): Operation[] {
  return Object.entries(fieldsOf(document['paths'])).flatMap(([path, item]) => {
    const fields = fieldsOf(item);
    return METHODS.filter((method) => isFields(fields[method])).map((method) => {
      const operation = fieldsOf(fields[method]);
      const parameters = [...listOf(fields['parameters']), ...listOf(operation['parameters'])];
      return {
        method: method.toUpperCase(),
        path,
        security: securityOf(operation['security'] ?? document['security']),
        isPlain: !path.includes('{') && !parameters.some((each) => isRequired(each, document)),
      };
    });
  });
}

/** `[]` and a list with `{}` in it say that nobody has to show anything. */
function securityOf(value: unknown): Operation['security'] {
  if (!Array.isArray(value)) return undefined;
  return value.every((scheme) => Object.keys(fieldsOf(scheme)).length > 0) && value.length > 0
    ? 'closed'
    : 'open';
}

function isRequired(parameter: unknown, document: Fields): boolean {
  const { $ref: reference } = fieldsOf(parameter);
  if (typeof reference !== 'string') return fieldsOf(parameter)['required'] === true;
  const keys = reference.replace(/^#\//, '').split('/');
  const target = keys.reduce<unknown>((value, key) => fieldsOf(value)[key], document);
  return fieldsOf(target)['required'] === true;
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
