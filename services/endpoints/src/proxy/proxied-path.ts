/** What a request to this plugin names: an endpoint or a reach, and the path there. */
export interface ProxiedPath {
  readonly kind: 'proxy' | 'reach';
  readonly id: string;
  /** From its slash on, with the query; may be empty. */
  readonly path: string;
  /** What comes before the path. */
  readonly prefix: string;
}

const PROXIED = /^\/v1\/(proxy|reach)\/([\w-]{1,80})((?:[/?].*)?)$/s;

/** Reads the target of a request; undefined: it names nothing here. */
export function parseProxiedPath(url: string): ProxiedPath | undefined {
  const [, kind, id, path] = PROXIED.exec(url) ?? [];
  if (kind === undefined || id === undefined || path === undefined) return undefined;
  return { kind: kind === 'proxy' ? 'proxy' : 'reach', id, path, prefix: `/v1/${kind}/${id}` };
}
