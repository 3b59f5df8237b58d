import { z } from 'zod';
import { MeshError, MeshProblems, nearestName } from '../errors/index.ts';
import { describeIssue, nameOfPath, valueAt } from './describe-issue.ts';
import type { Manifest } from './manifest.ts';

type Settings = Readonly<Record<string, unknown>>;

interface Property {
  readonly type?: unknown;
  readonly writeOnly?: unknown;
}

/**
 * Holds a plugin's settings (`[plugins.<id>.config]`) against the JSON Schema of its manifest and fills in the
 * schema's defaults. Throws `MeshProblems`; values of `writeOnly` settings stay out of the messages.
 */
export function parsePluginConfig(manifest: Pick<Manifest, 'name' | 'config'>, settings: Settings): Settings {
  if (!manifest.config) return settings;
  const properties = (manifest.config['properties'] ?? {}) as Readonly<Record<string, Property | undefined>>;
  const values = convertTexts(settings, properties);
  const parsed = readSchema(manifest.config).safeParse(values);
  if (parsed.success) return parsed.data as Settings;
  const context = { prefix: ['plugins', manifest.name, 'config'], values, properties };
  throw new MeshProblems(parsed.error.issues.flatMap((issue) => problemsOf(issue, context)));
}

function readSchema(schema: Settings): z.ZodType {
  try {
    return z.fromJSONSchema(schema);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `'config' must be a JSON Schema that can be read: ${reason}`;
    throw new MeshProblems([new MeshError('MESH_MANIFEST_INVALID', message, { cause })]);
  }
}

interface IssueContext {
  readonly prefix: readonly string[];
  readonly values: Settings;
  readonly properties: Readonly<Record<string, Property | undefined>>;
}

function problemsOf(issue: z.core.$ZodIssue, context: IssueContext): MeshError[] {
  const { prefix, values, properties } = context;
  const name = nameOfPath([...prefix, ...issue.path]);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const near = nearestName(key, Object.keys(properties));
      return new MeshError(
        'MESH_CONFIG_UNKNOWN_KEY',
        `unknown setting '${name}.${key}'`,
        fixOf(near && `did you mean '${near}'?`),
      );
    });
  }
  const isSecret = properties[String(issue.path[0])]?.writeOnly === true;
  const value = valueAt(values, issue.path);
  const { message, fix } = describeIssue(issue, name, isSecret && value !== undefined ? '(secret)' : value);
  return [new MeshError('MESH_CONFIG_INVALID', message, fixOf(fix))];
}

function fixOf(fix: string | undefined): { fix?: string } {
  return fix === undefined ? {} : { fix };
}

// A value from the environment is always a text: it becomes what the schema asks for.
function convertTexts(settings: Settings, properties: IssueContext['properties']): Settings {
  const entries = Object.entries(settings).map(([key, value]) => [
    key,
    convert(value, properties[key]?.type),
  ]);
  return Object.fromEntries(entries) as Settings;
}

function convert(value: unknown, type: unknown): unknown {
  if (typeof value !== 'string') return value;
  if ((type === 'number' || type === 'integer') && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  if (type === 'boolean' && /^(true|false)$/.test(value)) return value === 'true';
  return value;
}
