import type { Subject } from './subject.ts';

/** The paths that can be asked for with GET and nothing else: the root, the manifest's literal rules, what the description lists. */
export async function askablePaths(subject: Subject): Promise<string[]> {
  const literal = subject.http.routes
    .filter(({ path, methods }) => !path.includes('*') && (methods?.includes('GET') ?? true))
    .map(({ path }) => path);
  return [...new Set(['/', ...literal, ...(await describedPaths(subject))])];
}

/** Those of the description alone. None when it is not there or not valid. */
export async function describedPaths(subject: Subject): Promise<string[]> {
  const description = await subject.description();
  if (description.kind !== 'valid') return [];
  return description.operations
    .filter(({ method, isPlain }) => method === 'GET' && isPlain)
    .map(({ path }) => path);
}
