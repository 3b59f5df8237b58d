const KIND_FIELDS = {
  none: [],
  basic: [
    { name: 'username', title: 'User name', secret: false, required: true },
    { name: 'password', title: 'Password', secret: true, required: true },
  ],
  bearer: [{ name: 'token', title: 'Token', secret: true, required: true }],
} as const;

/** A way to connect as `mesh` tells of it. */
export function kind(name: keyof typeof KIND_FIELDS): object {
  return { kind: name, title: name, fields: KIND_FIELDS[name] };
}

/** A type without code, whose plugin is always there. */
export const PLAIN = {
  type: 'plain',
  plugin: 'plain',
  title: 'Plain',
  subTypes: [],
  connect: [
    kind('none'),
    kind('basic'),
    kind('bearer'),
    { kind: 'token', header: 'X-Api-Key', prefix: 'k ', fields: KIND_FIELDS.bearer },
  ],
  infoPath: '/api/version',
  userPath: '/api/user',
  userName: 'login',
  hooks: [],
  available: true,
};

/** A type with code for everything. */
export const CODED = {
  type: 'coded',
  plugin: 'coder',
  title: 'Coded',
  subTypes: [
    { type: 'ce', title: 'Community' },
    { type: 'ee', title: 'Enterprise' },
  ],
  connect: [
    {
      kind: 'handshake',
      title: 'Handshake',
      fields: [{ name: 'word', title: 'Word', secret: true, required: true }],
    },
  ],
  hooks: ['info', 'register', 'connect', 'validate', 'update-metadata'],
  callouts: '/endpoint',
  available: true,
};
