import { MeshError } from '../../errors/index.ts';
import type { PluginContext } from '../context.ts';
import type { PluginSource } from '../plugin-parts.ts';
import type { BasePluginClass, PluginParameters } from './base-plugin.ts';
import { answerClass } from './class-answer.ts';

/** What a class defines. */
export function classSource(Class: BasePluginClass): PluginSource {
  const name = Class.route ?? Class.name.toLowerCase();
  return {
    name,
    definition: {
      ...(Class.openapi && { openapi: Class.openapi }),
      setup: async (context) => {
        requireName(context.id, name, Class.name);
        const { router, manifest, onStop } = context;
        const parameters = context.config as PluginParameters;
        const plugin = new Class({ parameters, context: context as unknown as PluginContext });
        await plugin.initialize?.(parameters);
        onStop(() => plugin.terminatePlugin?.());
        router.use(answerClass(plugin, manifest.http.maxBody));
      },
    },
  };
}

function requireName(id: string, name: string, className: string): void {
  if (id === name) return;
  throw new MeshError(
    'MESH_MANIFEST_CLASH',
    `plugin.json says '${id}', and the class ${className} '${name}'`,
    {
      fix: `write 'static readonly route = "${id}"' into the class, or rename one of them`,
    },
  );
}
