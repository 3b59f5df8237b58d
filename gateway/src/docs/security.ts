import { sessionCookieName } from '@plugmesh/shared/access';
import type { RouteGuard } from '@plugmesh/shared/mesh-document';
import type { Permission } from '../routes/route.ts';
import type { JsonObject } from './json.ts';

/** Names of the ways to be known; no plugin can have them, because `plugmesh` is no plugin's id. */
const WAYS = ['plugmesh.bearer', 'plugmesh.key', 'plugmesh.session'] as const;
const ANY_OF_THEM = WAYS.map((name) => ({ [name]: [] }));

const REQUIREMENTS: Readonly<Record<RouteGuard, readonly object[]>> = {
  public: [],
  key: ANY_OF_THEM,
  session: ANY_OF_THEM,
  admin: ANY_OF_THEM,
  none: [{ 'plugmesh.bearer': [] }],
};

const NOTES: Partial<Record<RouteGuard, string>> = {
  admin: 'For administrators.',
  none: 'For plugins, those that its rule names.',
};

/** What the guard of its route says of an operation, over whatever its plugin claims. */
export function securityOf({ description }: JsonObject, { guard }: Permission): JsonObject {
  const texts = [description, NOTES[guard]].filter((text) => typeof text === 'string' && text !== '');
  return {
    ...(texts.length === 0 ? {} : { description: texts.join('\n\n') }),
    security: REQUIREMENTS[guard],
    'x-plugmesh-guard': guard,
  };
}

/** The ways to be known, for `components.securitySchemes`. */
export function securitySchemes(proto: string): Readonly<Record<(typeof WAYS)[number], object>> {
  return {
    'plugmesh.bearer': { type: 'http', scheme: 'bearer', description: 'An API key, or a token.' },
    'plugmesh.key': { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key.' },
    'plugmesh.session': {
      type: 'apiKey',
      in: 'cookie',
      name: sessionCookieName(proto),
      description:
        'A login. Requests that change something also need `X-XSRF-Token`, unless a page of the mesh sends them.',
    },
  };
}
