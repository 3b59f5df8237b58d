/** The name that somebody may have meant: one that contains theirs, or is contained in it. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  return names.find((each) => name !== '' && (each.includes(name) || name.includes(each)));
}
