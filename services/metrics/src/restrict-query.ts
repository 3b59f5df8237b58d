import { MeshError } from '@plugmesh/sdk';
import { parser } from '@prometheus-io/lezer-promql';

/** Label → value, all of which a series must have. */
export type Labels = Readonly<Record<string, string>>;

const LONGEST_QUERY = 4096;
/**
 * Where readers of PromQL may differ: a comment, a raw string or a control character could hide from our parser what Prometheus
 * reads as a selector.
 */
const READ_DIFFERENTLY = /[`#\p{Cc}]/u;
/** It looks for series by itself, which no selector in the text names. */
const SELECTS_BY_ITSELF = 'Info';

/**
 * The query with these labels demanded by every selector in it, so that nothing else is read. Throws MESH_BAD_REQUEST for
 * what is no PromQL, or cannot be restricted for sure.
 */
export function restrictQuery(query: string, labels: Labels): string {
  if (query.length > LONGEST_QUERY) throw refused(`it is longer than ${LONGEST_QUERY} characters`);
  if (READ_DIFFERENTLY.test(query)) throw refused('it has a comment, a backquote or a control character');
  const demanded = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  let restricted = query;
  // From the end, so that positions further up stay as they are.
  for (const selector of selectorsOf(query).reverse())
    restricted = withMatchers(restricted, selector, demanded.join(','));
  return restricted;
}

/** Where a selector ends, or where the braces begin that it has. */
interface Selector {
  readonly end: number;
  readonly braces: number | undefined;
}

function selectorsOf(query: string): Selector[] {
  const selectors: Selector[] = [];
  parser.parse(query).iterate({
    enter({ type, node, from, to }) {
      if (type.isError) throw refused(`it cannot be read at '${query.slice(from, from + 20)}'`);
      if (type.name === SELECTS_BY_ITSELF) throw refused("it uses 'info'");
      if (type.name === 'VectorSelector')
        selectors.push({ end: to, braces: node.getChild('LabelMatchers')?.from });
    },
  });
  return selectors;
}

function withMatchers(query: string, { end, braces }: Selector, matchers: string): string {
  if (braces === undefined) return `${query.slice(0, end)}{${matchers}}${query.slice(end)}`;
  const rest = query.slice(braces + 1);
  const separator = rest.trimStart().startsWith('}') ? '' : ',';
  return `${query.slice(0, braces + 1)}${matchers}${separator}${rest}`;
}

function refused(why: string): MeshError {
  return new MeshError('MESH_BAD_REQUEST', `the query is refused: ${why}`, {
    fix: 'Send PromQL; what is in it is restricted to one endpoint.',
  });
}
