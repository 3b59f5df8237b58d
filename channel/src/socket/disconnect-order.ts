import type { Socket } from './socket.ts';

const FIELDS = ['socket', 'user', 'session', 'id'] as const;

/** Whose sockets to close: by the socket's name, the user's id, the hash of the session, or the client's id. */
export type DisconnectOrder = Readonly<Partial<Record<(typeof FIELDS)[number], string>>>;

/** Reads the payload of `plugmesh:disconnect`; undefined when it names nobody, so that it never means everybody. */
export function parseDisconnectOrder(payload: Buffer): DisconnectOrder | undefined {
  const fields = parseObject(payload.toString());
  const given = Object.keys(fields);
  const isKnown = given.every((name) => (FIELDS as readonly string[]).includes(name));
  const isText = Object.values(fields).every((value) => typeof value === 'string');
  return given.length > 0 && isKnown && isText ? fields : undefined;
}

/** Whether the order means this socket: everything that it names has to fit. */
export function isMeant(socket: Socket, { socket: name, user, session, id }: DisconnectOrder): boolean {
  if (name !== undefined && name !== socket.name) return false;
  if (user !== undefined && user !== socket.user) return false;
  if (session !== undefined && session !== sessionOf(socket)) return false;
  return id === undefined || socket.hasId(id);
}

function sessionOf({ identity }: Socket): string | undefined {
  return identity.kind === 'user' ? identity.session : undefined;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}
