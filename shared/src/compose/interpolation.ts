import { referencesIn } from '../config/index.ts';

/** A text as compose has to read it to see the same text: `$` begins a variable there. */
export function literal(text: string): string {
  return text.replaceAll('$', '$$$$');
}

/** A variable that compose takes from the shell or `.env`, and refuses to go on without. */
export function required(name: string, whatToDo: string): string {
  return `\${${name}:?${whatToDo}}`;
}

/** A text with `${NAME}` left for compose to replace, and every other `$` as it is. */
export function withReferences(text: string): string {
  return referencesIn(text).reduce(
    (all, name) => all.replaceAll(`$\${${name}}`, () => required(name, whereToSet(name))),
    literal(text),
  );
}

/** The variables that plugmesh.toml refers to, passed on under their own names. */
export function passedOn(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, required(name, whereToSet(name))]));
}

function whereToSet(name: string): string {
  return `set ${name} in .env`;
}
