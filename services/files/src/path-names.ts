/** What a name in a path may not have in it, once decoded: separators of any system, and what ends a text in C. */
const NO_NAME = /[/\\\0]/;

/**
 * The names in the path of a URL, decoded once: `/a%20b/` → `['a b', '']`. Undefined where one of them is no name of a
 * file: empty, `.`, `..`, with a separator in it, hidden (unless those count), or not UTF-8.
 */
export function pathNames(path: string, { hidden }: { readonly hidden: boolean }): string[] | undefined {
  if (!path.startsWith('/')) return undefined;
  const names = path.slice(1).split('/').map(decode);
  const isName = (name: string | undefined, at: number): name is string => {
    // Only a path that ends with a slash has an empty name, its last one.
    if (name === undefined || name === '') return name === '' && at === names.length - 1;
    if (name === '.' || name === '..' || NO_NAME.test(name)) return false;
    return hidden || !name.startsWith('.');
  };
  return names.every(isName) ? names : undefined;
}

function decode(name: string): string | undefined {
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}
