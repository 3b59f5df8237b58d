import { MeshError } from '@plugmesh/sdk';

const LONGEST = 2048;

/**
 * A URL as it is kept and compared: host in lower case, no default port, no closing slash. Throws MESH_ENDPOINT_REFUSED for another
 * scheme than http and https, MESH_BAD_REQUEST for what a base of other URLs cannot have.
 */
export function endpointUrl(text: string): string {
  const url = URL.canParse(text) && text.length <= LONGEST ? new URL(text) : undefined;
  if (!url) throw bad('it is no URL', 'write one like https://metrics.example.org');
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new MeshError(
      'MESH_ENDPOINT_REFUSED',
      `endpoints are reached by http and https, not by '${url.protocol}'`,
      {
        fix: 'write a URL that begins with https:// or http://',
      },
    );
  // Not shown: it may be a password.
  if (url.username !== '' || url.password !== '')
    throw bad('it has a user name or password in it', 'connect with them: they are kept encrypted');
  if (/[?#]/.test(text)) throw bad('it has a query or a fragment', 'leave out what begins with ? or #');
  return url.origin + url.pathname.replace(/\/+$/, '');
}

function bad(why: string, fix: string): MeshError {
  return new MeshError('MESH_BAD_REQUEST', `'url' does not fit: ${why}`, { fix });
}
