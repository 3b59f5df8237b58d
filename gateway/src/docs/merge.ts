import type { JsonObject } from './json.ts';
import type { Described } from './plugin-descriptions.ts';
import { securitySchemes } from './security.ts';
import type { Viewer } from './viewer.ts';
import { visiblePart, type Part } from './visible-part.ts';

/** How the mesh is reached by whoever asks. */
export interface Reached {
  readonly proto: string;
  /** The path under which a proxy serves the whole mesh; empty: none. */
  readonly prefix: string;
}

const INFO = {
  title: 'plugmesh',
  version: '1',
  description: 'The plugins of this mesh that describe their API, as far as you may use them.',
};

/** One OpenAPI 3.1 document of what a viewer may use: the same for the same plugins, in whatever order they answered. */
export function mergeDescriptions(
  all: readonly Described[],
  viewer: Viewer,
  { proto, prefix }: Reached,
): JsonObject {
  const parts = all.flatMap(({ plugin, outcome }) =>
    outcome.kind === 'merged' ? [visiblePart(plugin, outcome.description, viewer)] : [],
  );
  return {
    openapi: '3.1.1',
    info: INFO,
    // None means the root.
    ...(prefix === '' ? {} : { servers: [{ url: prefix }] }),
    tags: parts.flatMap(({ tags }) => tags),
    paths: Object.assign({}, ...parts.map(({ paths }) => paths)) as JsonObject,
    components: componentsOf(parts, proto),
    'x-plugmesh-plugins': all.map((each) => listed(each, viewer)),
  };
}

function componentsOf(parts: readonly Part[], proto: string): JsonObject {
  const sections = [...new Set(parts.flatMap(({ components }) => Object.keys(components)))].sort();
  const merged = sections.map((section) => {
    const all = parts.flatMap(({ components }) => Object.entries(components[section] ?? {}));
    return [section, Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)))] as const;
  });
  return { ...Object.fromEntries(merged), securitySchemes: securitySchemes(proto) };
}

/** A plugin as the page lists it: its name and state for everybody, reasons for those who are told them. */
function listed({ plugin, outcome }: Described, { isTrusted }: Viewer): JsonObject {
  const { id, title, state } = plugin;
  const known = { id, ...(title === undefined ? {} : { title }), state, description: outcome.kind };
  if (!isTrusted) return known;
  if (outcome.kind !== 'merged') return { ...known, reason: outcome.reason };
  const { notes } = outcome.description;
  return { ...known, ...(notes.length === 0 ? {} : { notes }) };
}
