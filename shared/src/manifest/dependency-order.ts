import type { Manifest } from './manifest.ts';

/** What of a manifest says when the plugin may start. */
export type Dependent = Pick<Manifest, 'name' | 'dependsOn'>;

/** In which order plugins start, and which ones wait for one another. */
export interface DependencyOrder {
  /** Ids; each one comes after everything that it depends on. Unknown dependencies are skipped. */
  readonly order: readonly string[];
  /** Each cycle once, closed: `['a', 'b', 'a']`. Its members are in the order too. */
  readonly cycles: readonly (readonly string[])[];
}

/** Orders plugins by `dependsOn`, otherwise as given. */
export function dependencyOrder(manifests: readonly Dependent[]): DependencyOrder {
  const byName = new Map(manifests.map((manifest) => [manifest.name, manifest]));
  const order = new Set<string>();
  const cycles: string[][] = [];

  function visit(name: string, trail: readonly string[]): void {
    const manifest = byName.get(name);
    if (!manifest || order.has(name)) return;
    const start = trail.indexOf(name);
    if (start >= 0) {
      cycles.push([...trail.slice(start), name]);
      return;
    }
    for (const dependency of manifest.dependsOn) visit(dependency, [...trail, name]);
    order.add(name);
  }

  for (const { name } of manifests) visit(name, []);
  return { order: [...order], cycles };
}
