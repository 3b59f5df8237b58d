import type { ConnectField } from './endpoint-type.ts';

/** A way to connect that needs no code in a plugin. */
export interface BuiltInKind {
  readonly title: string;
  /** Members of a manifest's entry that mean something for this kind, with their defaults. */
  readonly options: Readonly<{ header?: string; prefix?: string; tokenPath?: string }>;
  readonly fields: readonly ConnectField[];
}

const OAUTH2 = { tokenPath: '/oauth/token' };

const KINDS: Readonly<Record<string, BuiltInKind>> = {
  none: { title: 'Without credentials', options: {}, fields: [] },
  basic: {
    title: 'User name and password',
    options: {},
    fields: [field('username', 'User name'), secret('password', 'Password')],
  },
  bearer: { title: 'Bearer token', options: {}, fields: [secret('token', 'Token')] },
  token: {
    title: 'Token',
    options: { header: 'Authorization', prefix: 'token ' },
    fields: [secret('token', 'Token')],
  },
  'client-credentials': {
    title: 'OAuth2 client credentials',
    options: OAUTH2,
    fields: [
      field('client_id', 'Client id'),
      secret('client_secret', 'Client secret'),
      optional(field('scope', 'Scope')),
    ],
  },
  'refresh-token': {
    title: 'OAuth2 refresh token',
    options: OAUTH2,
    fields: [
      secret('refresh_token', 'Refresh token'),
      optional(field('client_id', 'Client id')),
      optional(secret('client_secret', 'Client secret')),
    ],
  },
};

/** Every built-in way to connect, by its name. */
export const BUILT_IN_KINDS: ReadonlyMap<string, BuiltInKind> = new Map(Object.entries(KINDS));

function field(name: string, title: string): ConnectField {
  return { name, title, secret: false, required: true };
}

function secret(name: string, title: string): ConnectField {
  return { ...field(name, title), secret: true };
}

function optional(one: ConnectField): ConnectField {
  return { ...one, required: false };
}
