/** Origins by their exact names, and domains: `https://*.example.org` is every name below example.org. */
export class OriginList {
  /** Whether it has any entry at all. */
  readonly isEmpty: boolean;
  /** Whether every origin is meant, `*`. */
  readonly hasAll: boolean;
  readonly #exact: ReadonlySet<string>;
  readonly #domains: readonly { readonly scheme: string; readonly suffix: string }[];

  constructor(entries: readonly string[]) {
    this.isEmpty = entries.length === 0;
    this.hasAll = entries.includes('*');
    this.#exact = new Set(entries.filter((entry) => !entry.includes('*')));
    this.#domains = entries.flatMap((entry) => {
      const [, scheme, suffix] = /^(https?:\/\/)\*(\..+)$/.exec(entry) ?? [];
      return scheme === undefined || suffix === undefined ? [] : [{ scheme, suffix }];
    });
  }

  /** Whether an `Origin` is named, by itself or by its domain; `*` names none. */
  names(origin: string): boolean {
    return this.#exact.has(origin) || this.#domains.some((domain) => isBelow(domain, origin));
  }
}

/** Between scheme and domain are labels and nothing else: no `@`, no port, no `/`. */
function isBelow({ scheme, suffix }: { scheme: string; suffix: string }, origin: string): boolean {
  if (!origin.startsWith(scheme) || !origin.endsWith(suffix)) return false;
  return LABELS.test(origin.slice(scheme.length, -suffix.length));
}

const LABELS = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;
