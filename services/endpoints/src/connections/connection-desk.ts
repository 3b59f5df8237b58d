import type { RequestHead } from '@plugmesh/sdk';
import type { Caller } from '../callers.ts';
import type { EndpointDesk } from '../endpoints/endpoint-desk.ts';
import { endpointView } from '../endpoints/endpoint-view.ts';
import { unknownEndpoint } from '../endpoints/visibility.ts';
import type { Token } from '../outbound/token.ts';
import type { Renewals } from '../proxy/renewals.ts';
import type { Cipher } from '../secrets/cipher.ts';
import { placeOf } from '../secrets/place.ts';
import { endOf } from '../secrets/token.ts';
import type { ConnectionRecord } from '../store/connection-records.ts';
import type { EndpointRecord } from '../store/endpoint-records.ts';
import type { Store } from '../store/store.ts';
import type { ConnectKind, EndpointType } from '../types/endpoint-type.ts';
import type { TypeCatalogue } from '../types/type-catalogue.ts';
import { builtInToken } from './built-in-kinds.ts';
import type { Connections } from './connections.ts';
import { checkFields, kindOf, type Credentials } from './fields.ts';
import { validate, type ValidationParts } from './validation.ts';

/** Somebody's wish to be connected. */
export interface ConnectionWish {
  readonly guid: string;
  readonly kind: string;
  readonly credentials: Credentials;
  /** For everybody, and not for the caller alone. */
  readonly shared: boolean;
}

/** What connecting needs. */
export interface ConnectionDeskParts extends ValidationParts {
  readonly store: Store;
  readonly types: TypeCatalogue;
  readonly cipher: Cipher;
  readonly endpoints: EndpointDesk;
  readonly connections: Connections;
  readonly renewals: Renewals;
  /** Called when something has changed. */
  readonly onEvent: () => void;
}

/** A credential and whose it is there. */
interface Made {
  readonly token: Token;
  readonly admin: boolean;
  readonly user: string | undefined;
}

/** A credential that is to be made. */
interface ToMake {
  readonly type: EndpointType;
  readonly endpoint: EndpointRecord;
  readonly kind: ConnectKind;
  readonly credentials: Credentials;
  readonly request: RequestHead;
}

/** Connects users to endpoints. A credential is stored once the external system has taken it, and never before. */
export class ConnectionDesk {
  readonly #parts: ConnectionDeskParts;

  constructor(parts: ConnectionDeskParts) {
    this.#parts = parts;
  }

  /** A caller's own connection, else everybody's; undefined: neither. Rejects with MESH_ENDPOINT_UNKNOWN. */
  async find(caller: Caller, guid: string): Promise<ConnectionRecord | undefined> {
    const { store, endpoints } = this.#parts;
    await endpoints.get(caller, guid);
    const own = await store.connections.find({ guid, userId: caller.id });
    return own ?? store.connections.find({ guid, userId: '' });
  }

  async connect(caller: Caller, wish: ConnectionWish, request: RequestHead): Promise<ConnectionRecord> {
    const { types, endpoints } = this.#parts;
    const endpoint = await endpoints.get(caller, wish.guid);
    const type = await types.ready(endpoint.type);
    const kind = kindOf(type, wish.kind);
    const credentials = checkFields(kind, wish.credentials);
    const made = await this.#make({ type, endpoint, kind, credentials, request });
    const user = await validate(this.#parts, { type, endpoint, token: made.token, request });
    return this.#store(wish, { ...made, user: made.user ?? user }, wish.shared ? '' : caller.id);
  }

  /** Asks the external system whether it still takes what is kept. Rejects as `connect` does. */
  async validate(caller: Caller, guid: string, request: RequestHead): Promise<void> {
    const { connections, renewals, types } = this.#parts;
    const usable = await connections.usableFor(caller, guid);
    const { endpoint } = usable;
    const type = await types.ready(endpoint.type);
    const { token } = await renewals.current(usable, caller);
    await validate(this.#parts, { type, endpoint, token, request });
  }

  /** Done as well when there is no connection. */
  async disconnect(caller: Caller, { guid, shared }: { guid: string; shared: boolean }): Promise<void> {
    await this.#parts.endpoints.get(caller, guid);
    const userId = shared ? '' : caller.id;
    await this.#parts.store.atOnce(async ({ endpoints, connections, events }) => {
      const endpoint = await endpoints.hold(guid);
      const isRemoved = endpoint !== undefined && (await connections.remove({ guid, userId }));
      if (isRemoved)
        await events.add('disconnected', { endpoint: endpointView(endpoint), ...userOf(userId) });
    });
    this.#parts.onEvent();
  }

  async #make(making: ToMake): Promise<Made> {
    const { outbound, reaches, callouts } = this.#parts;
    const { type, endpoint, kind, credentials, request } = making;
    if (!type.hooks.includes('connect'))
      return {
        token: await builtInToken({ kind, credentials, endpoint, outbound }),
        admin: false,
        user: undefined,
      };
    return reaches.during(type.plugin, { target: endpoint, headers: {} }, async (reach) => {
      const body = { endpoint: endpointView(endpoint), connectType: kind.kind, credentials, reach };
      const { token, admin = false, user } = await callouts.ask({ type, hook: 'connect', body, request });
      return { token, admin, user };
    });
  }

  async #store({ guid, kind }: ConnectionWish, { token, admin, user }: Made, userId: string) {
    const record = {
      ...{ guid, userId, kind, isAdmin: admin, userName: user ?? null },
      secret: this.#parts.cipher.seal(token, placeOf({ guid, userId })),
      expiresAt: endOf(token),
      connectedAt: Date.now(),
    };
    await this.#parts.store.atOnce(async ({ endpoints, connections, events }) => {
      // It may have been unregistered while its type was asked.
      const endpoint = await endpoints.hold(guid);
      if (!endpoint) throw unknownEndpoint(guid);
      await connections.put(record);
      await events.add('connected', { endpoint: endpointView(endpoint), ...userOf(userId), admin });
    });
    this.#parts.onEvent();
    return { ...record, version: 1 };
  }
}

function userOf(userId: string): { user?: string } {
  return userId === '' ? {} : { user: userId };
}
