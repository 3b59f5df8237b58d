/** A JSON object as it came from outside. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** How deep and how large JSON may be. */
export interface JsonBounds {
  readonly depth: number;
  /** Values of every kind. */
  readonly values: number;
}

/** Whether a value is an object and no array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Parses JSON that nobody has looked at. Throws a `RangeError` for what is too deep or too large, a `SyntaxError` for what is
 * no JSON. Members named `__proto__` are left out: copied by name they would become something else.
 */
export function parseBounded(text: string, { depth, values }: JsonBounds): unknown {
  let left = values;
  const copy = (value: unknown, below: number): unknown => {
    if (--left < 0) throw new RangeError(`it has more than ${values} values`);
    if (typeof value !== 'object' || value === null) return value;
    if (below === 0) throw new RangeError(`it is nested more than ${depth} deep`);
    if (Array.isArray(value)) return value.map((each) => copy(each, below - 1));
    const members = Object.entries(value).filter(([key]) => key !== '__proto__');
    return Object.fromEntries(members.map(([key, each]) => [key, copy(each, below - 1)]));
  };
  return copy(JSON.parse(text), depth);
}

/** What a JSON pointer (RFC 6901, as a URI fragment without `#`) leads to; undefined for nothing. */
export function valueAt(root: unknown, pointer: string): unknown {
  return partsOf(pointer)?.reduce<unknown>((value, part) => {
    const holds = typeof value === 'object' && value !== null && Object.hasOwn(value, part);
    return holds ? (value as JsonObject)[part] : undefined;
  }, root);
}

/** The parts of a pointer, decoded; undefined when it is none. */
export function partsOf(pointer: string): readonly string[] | undefined {
  if (!pointer.startsWith('/')) return undefined;
  try {
    return decodeURIComponent(pointer)
      .slice(1)
      .split('/')
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  } catch {
    return undefined;
  }
}

/** The pointer that leads along these parts, as a URI fragment without `#`. */
export function pointerTo(parts: readonly string[]): string {
  const escaped = parts.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1'));
  return escaped.map((part) => `/${encodeURIComponent(part)}`).join('');
}
