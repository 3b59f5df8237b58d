import { Document, isNode, isPair, isScalar, visit } from 'yaml';
import type { ComposeFile } from './compose-file.ts';

const HEAD = [
  " Printed by './plugmesh compose' from plugmesh.toml and the manifests; docs/guides/deploy-compose.md explains it.",
  ' What differs on one host goes into docker-compose.override.yml.',
].join('\n');

/** A compose file as YAML that Compose 1.27 and later read. */
export function printCompose({ shared, services, volumes }: ComposeFile): string {
  const extensions = Object.entries(shared).map(([name, block]) => [`x-${name}`, block]);
  const content = {
    ...(Object.fromEntries(extensions) as object),
    services: unshared(services, new Set(Object.values(shared))),
    volumes: Object.fromEntries(volumes.map((name) => [name, {}])),
  };
  // Compose 1 reads YAML 1.1, where `on` is a boolean: quoted for it, it is the same for all.
  const document = new Document(content, { version: '1.1' });
  document.commentBefore = HEAD;
  nameAnchors(document, Object.keys(shared));
  layOut(document);
  return document.toString({ lineWidth: 0, directives: false, flowCollectionPadding: false });
}

/** A copy in which nothing occurs twice but these: for what does, an alias is printed. */
function unshared(value: unknown, shared: ReadonlySet<unknown>): unknown {
  if (typeof value !== 'object' || value === null || shared.has(value)) return value;
  if (Array.isArray(value)) return value.map((each) => unshared(each, shared));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unshared(each, shared)]));
}

/** Calls anchors by their block instead of by number. */
function nameAnchors(document: Document, names: readonly string[]): void {
  const named = new Map<string, string>();
  for (const name of names) {
    const block = document.get(`x-${name}`, true);
    if (!isNode(block) || block.anchor === undefined) continue;
    named.set(block.anchor, name);
    block.anchor = name;
  }
  visit(document, { Alias: (_, alias) => void (alias.source = named.get(alias.source) ?? alias.source) });
}

/** Lists in one line, and an empty line between blocks and between services. */
function layOut(document: Document): void {
  visit(document, {
    Seq: (_, list) => void (list.flow = true),
    Pair: (index, { key }, path) => {
      const [block, ...deeper] = path.filter(isPair);
      const isBlock = block === undefined || (deeper.length === 0 && String(block.key) === 'services');
      if (isBlock && index !== 0 && isScalar(key)) key.spaceBefore = true;
    },
  });
}
