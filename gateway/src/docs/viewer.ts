import { hashCredential } from '@plugmesh/shared/access';
import { bearerToken, isOperator, opens, verifyPluginToken, type Secrets } from '@plugmesh/shared/identity';
import type { MeshDocument, TopicAccess } from '@plugmesh/shared/mesh-document';
import type { IncomingHttpHeaders } from 'node:http';
import type { Access } from '../access/access.ts';
import { countsAt, createPluginCallers, mayPass, type Caller } from '../access/caller.ts';
import { ConfiguredKeys } from '../access/configured-keys.ts';
import { shownIn } from '../access/in-charge.ts';
import type { Permission } from '../routes/route.ts';

/** Who wants to read the documentation, and so what is shown. */
export interface Viewer {
  /** The same for all who see the same. */
  readonly key: string;
  /** Whether reasons are told, and everything is shown: in development mode, and to those in charge. */
  readonly isTrusted: boolean;
  mayCall(plugin: string, permission: Permission): boolean;
  mayJoin(access: TopicAccess): boolean;
}

/** What viewers are known by. */
export interface ViewerParts {
  readonly mode: 'development' | 'production';
  readonly secrets: Secrets;
  readonly access: Access;
  readonly apiKey: string | undefined;
}

const TRUSTED: Viewer = {
  key: 'trusted',
  isTrusted: true,
  mayCall: () => true,
  mayJoin: () => true,
};

const STRANGER: Viewer = {
  key: 'stranger',
  isTrusted: false,
  mayCall: (_plugin, { guard }) => guard === 'public',
  mayJoin: (access) => access === 'public',
};

/** Finds out who asks. Where nobody can be asked who somebody is, it is a stranger. */
export async function viewerOf(
  headers: IncomingHttpHeaders,
  proto: string,
  { mode, secrets, access, apiKey, document }: ViewerParts & { readonly document: MeshDocument },
): Promise<Viewer> {
  if (mode === 'development' || isOperator(secrets, headers.authorization)) return TRUSTED;
  const credentials = shownIn(headers, proto);
  const found = credentials && (await Promise.resolve(access.find(credentials)).catch(() => undefined));
  if (found) return viewerFor(() => found);
  if (credentials?.kind === 'api-key') return STRANGER;
  const texts = [bearerToken(headers.authorization), headers['x-api-key']].filter(
    (text) => typeof text === 'string',
  );
  const [plugin] = texts.flatMap((text) => verifyPluginToken(secrets, text) ?? []);
  if (plugin !== undefined) {
    const caller = createPluginCallers()(plugin);
    return viewerFor(() => caller);
  }
  const keys = new ConfiguredKeys(apiKey, document);
  const [key] = texts.filter((text) => keys.find(text, '') !== undefined);
  return key === undefined ? STRANGER : viewerFor((asked) => keys.find(key, asked), hashCredential(key));
}

function viewerFor(callerAt: (plugin: string) => Caller | undefined, key?: string): Viewer {
  const caller = callerAt('');
  if (!caller) return STRANGER;
  const { identity, plugins } = caller;
  const isAdministrator = plugins.includes('*') && opens(identity, 'admin');
  if (isAdministrator) return TRUSTED;
  return {
    key: key ?? JSON.stringify(['guards' in identity ? identity.guards : identity, plugins]),
    isTrusted: false,
    mayCall: (plugin, permission) => {
      if (permission.guard === 'public') return true;
      const at = callerAt(plugin);
      return at !== undefined && countsAt(at, { route: { id: plugin } }) && mayPass(at, { permission });
    },
    mayJoin: (access) => access === 'public' || (identity.kind === 'user' && opensTopic(identity, access)),
  };
}

/** One's own topic is there for whoever is known. */
function opensTopic(identity: Caller['identity'], access: TopicAccess): boolean {
  if (access === 'owner') return true;
  return (access === 'session' || access === 'admin') && opens(identity, access);
}
