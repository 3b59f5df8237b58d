import { MeshError, MeshProblems } from '../errors/index.ts';
import { validate, type Schema } from './validate.ts';

/** Checks `[plugins.<id>.config]` with the schema of the plugin's code. Throws `MeshProblems` with all that is wrong. */
export async function parseSettings<Settings>(
  plugin: string,
  schema: Schema<Settings> | undefined,
  values: Readonly<Record<string, unknown>>,
): Promise<Settings> {
  // Without a schema of its own, Settings is what the author says that the manifest's schema lets through.
  if (!schema) return values as Settings;
  const validated = await validate(schema, values);
  if (validated.ok) return validated.value;
  throw new MeshProblems(
    validated.problems.map(
      (problem) =>
        new MeshError('MESH_CONFIG_INVALID', problem, {
          fix: `put it right in [plugins.${plugin}.config] of plugmesh.toml`,
        }),
    ),
  );
}
