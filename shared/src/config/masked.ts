/** Settings that are secrets by the end of their name, wherever they stand: `accessToken` as `access_token`. */
export const SECRET = /((api|access|private)[_-]?key|secret|password|passwd|token|credentials?)s?$/i;
const MASK = '(secret)';

/** Takes out of a value what nobody should read on a screen: secrets by their name, passwords in URLs. */
export function masked(key: string, value: unknown, hides = SECRET.test(key)): unknown {
  if (value === undefined || value === null || typeof value === 'boolean') return value;
  if (hides) return MASK;
  if (typeof value === 'string')
    return (
      value
        .replaceAll(/(\w+:\/\/[^\s/:@]*):[^\s@]*@/g, '$1:***@')
        // A name alone is a token.
        .replaceAll(/(\w+:\/\/)[^\s/:@]+@/g, '$1***@')
    );
  if (Array.isArray(value)) return value.map((each: unknown) => masked(key, each, hides));
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, masked(name, inner)]));
}
