import { compileRoutes, type MeshPlugin } from '@plugmesh/shared/mesh-document';
import type { Permission } from '../routes/route.ts';
import type { Description, Tag } from './description.ts';
import { isObject, type JsonObject } from './json.ts';
import { securityOf } from './security.ts';
import { METHODS } from './shapes.ts';
import type { Viewer } from './viewer.ts';

/** What one viewer sees of a plugin's description. */
export type Part = Pick<Description, 'paths' | 'components' | 'tags'>;

/** The permission of an operation, where the viewer has it. */
type Permit = (method: string) => Permission | undefined;

/** Leaves out the operations that a viewer may not call, and what only they refer to. */
export function visiblePart(plugin: MeshPlugin, description: Description, viewer: Viewer): Part {
  const permission = compileRoutes(plugin.http);
  const paths = Object.entries(description.paths).flatMap(([path, item]) => {
    // A variable segment stands for any: no literal segment of a rule is written like it.
    const below = path.slice(plugin.http.prefix.length) || '/';
    const visible = visibleItem(item, (method) => {
      const permitted = permission(below, method.toUpperCase());
      return viewer.mayCall(plugin.id, permitted) ? permitted : undefined;
    });
    return visible ? [[path, visible] as const] : [];
  });
  const used = new Set(paths.flatMap(([, item]) => operationsOf(item)).flatMap(({ tags }) => tags));
  return {
    paths: Object.fromEntries(paths),
    components: reachable(paths, description.components),
    tags: description.tags.filter(({ name }) => used.has(name)).map((tag) => described(tag, plugin)),
  };
}

function visibleItem(item: JsonObject, permit: Permit): JsonObject | undefined {
  const operations = METHODS.flatMap((method) => {
    const operation = item[method];
    const permission = isObject(operation) ? permit(method) : undefined;
    return permission
      ? [[method, { ...(operation as JsonObject), ...securityOf(operation as JsonObject, permission) }]]
      : [];
  });
  if (operations.length === 0) return undefined;
  const shared = Object.entries(item).filter(
    ([name]) => !(METHODS as readonly string[]).includes(name) && name !== 'trace',
  );
  return Object.fromEntries([...shared, ...operations]) as JsonObject;
}

function operationsOf(item: JsonObject): JsonObject[] {
  return METHODS.map((method) => item[method]).filter(isObject);
}

/** What its document does not say of a plugin, its manifest does. */
function described(tag: Tag, { id, title, description }: MeshPlugin): Tag {
  if (tag.name !== id) return tag;
  const words = tag.description ?? description ?? title;
  return { name: id, ...(words === undefined ? {} : { description: words }) };
}

type Components = Description['components'];

/** The components that are referred to from here, directly or by one another. */
function reachable(from: unknown, components: Components): Components {
  const found: Record<string, Record<string, unknown>> = {};
  const open: unknown[] = [from];
  while (open.length > 0) {
    for (const [section, name] of referencesIn(open.pop())) {
      const component = components[section]?.[name];
      if (component === undefined || found[section]?.[name] !== undefined) continue;
      (found[section] ??= {})[name] = component;
      open.push(component);
    }
  }
  return found;
}

/** Any text that reads like a reference counts, also in a mapping: one too many is kept sooner than one too few. */
function referencesIn(value: unknown): [section: string, name: string][] {
  const texts = JSON.stringify(value).matchAll(/"#\/components\/(\w+)\/([\w.-]+)/g);
  return [...texts].map(([, section = '', name = '']) => [section, name]);
}
