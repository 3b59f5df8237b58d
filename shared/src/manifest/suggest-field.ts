import { nearestName } from '../errors/index.ts';
import { manifestFields, type ManifestField } from './json-schema.ts';

/** One line that says which field was meant by an unknown one; without a near one, what is there. */
export function suggestField(key: string, parent: readonly PropertyKey[]): string {
  const prefix = parent.map((part) => (typeof part === 'string' ? `.${part}` : '[]')).join('');
  const fields = manifestFields();
  const siblings = fields.filter(({ path }) => parentOf(path) === prefix.slice(1));
  const field = nearest(key, siblings) ?? nearest(key, fields);
  if (field) return `did you mean '${field.path}'?${field.values ? ` (${field.values.join(', ')})` : ''}`;
  return `known here: ${siblings.map(({ path }) => nameOf(path)).join(', ')}`;
}

function nearest(key: string, fields: readonly ManifestField[]): ManifestField | undefined {
  const name = nearestName(
    key,
    fields.map(({ path }) => nameOf(path)),
  );
  return name === undefined ? undefined : fields.find(({ path }) => nameOf(path) === name);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function parentOf(path: string): string {
  return path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : '';
}
