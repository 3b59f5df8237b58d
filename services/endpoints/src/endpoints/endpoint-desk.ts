import { randomUUID } from 'node:crypto';
import { MeshError, type RequestHead } from '@plugmesh/sdk';
import type { Caller } from '../callers.ts';
import type { EndpointChange, EndpointRecord } from '../store/endpoint-records.ts';
import type { Store } from '../store/store.ts';
import type { EndpointType } from '../types/endpoint-type.ts';
import type { TypeCatalogue } from '../types/type-catalogue.ts';
import { endpointUrl } from './endpoint-url.ts';
import { endpointView } from './endpoint-view.ts';
import { lookAt, type LookParts } from './look-at.ts';
import { ownersSeenBy, requireControl, sees, unknownEndpoint } from './visibility.ts';

/** What a user says of an endpoint to be. */
export interface EndpointWish {
  readonly type: string;
  readonly subType: string | null;
  readonly name: string;
  readonly url: string;
  readonly skipTlsValidation: boolean;
  readonly caCert: string | null;
}

/** What registering needs. */
export interface EndpointDeskParts extends LookParts {
  readonly store: Store;
  readonly types: TypeCatalogue;
  /** Whether users who are no administrators may register. */
  readonly userEndpoints: boolean;
  /** Plugins that may act for users at endpoints of every type, not only of their own. */
  readonly trustedPlugins: readonly string[];
  /** Called when something has changed. */
  readonly onEvent: () => void;
}

const MOST = { everybody: 1000, user: 100 };

/**
 * Registers, changes and unregisters endpoints. Whoever has to be asked is asked first; what is stored then, is with its
 * event in one transaction. Whatever fails before leaves nothing.
 */
export class EndpointDesk {
  readonly #parts: EndpointDeskParts;

  constructor(parts: EndpointDeskParts) {
    this.#parts = parts;
  }

  /** What a caller sees, by name; a plugin that acts for one what is of its own types, unless it is told of all anyway. */
  async list(caller: Caller): Promise<EndpointRecord[]> {
    const records = await this.#parts.store.endpoints.list(ownersSeenBy(caller));
    const types = (await this.#isToldOfAll(caller)) ? undefined : await this.#typesFor(caller);
    return types ? records.filter(({ type }) => types.has(type)) : records;
  }

  /** Rejects with MESH_ENDPOINT_UNKNOWN for what the caller does not see, MESH_FORBIDDEN for what is not their plugin's. */
  async get(caller: Caller, guid: string): Promise<EndpointRecord> {
    const record = await this.#parts.store.endpoints.find(guid);
    if (!record || !sees(caller, record)) throw unknownEndpoint(guid);
    const types = await this.#typesFor(caller);
    if (!types || types.has(record.type)) return record;
    throw new MeshError(
      'MESH_FORBIDDEN',
      `the type '${record.type}' is not one of '${caller.plugin ?? ''}'`,
      {
        fix: `name the plugin in 'trusted_plugins' of 'endpoints', if it may act for users at every endpoint`,
      },
    );
  }

  /** Administrators may for everybody, and users for themselves where that is set. */
  mayRegister({ isAdmin }: Caller): boolean {
    return isAdmin || this.#parts.userEndpoints;
  }

  async register(caller: Caller, wish: EndpointWish, request: RequestHead): Promise<EndpointRecord> {
    const owner = this.#ownerFor(caller);
    const url = endpointUrl(wish.url);
    const type = await this.#parts.types.ready(wish.type);
    requireSubType(type, wish.subType);
    await this.#requireRoom(url, owner);
    const found = await lookAt(this.#parts, type, { target: { ...wish, url }, request });
    const draft = { ...wish, ...found, url, owner, guid: randomUUID(), createdAt: Date.now(), version: 1 };
    const record = await this.#asTypeWants(type, draft, request);
    await this.#store(record);
    return record;
  }

  /** Another name, or TLS settings, which are tried before. */
  async change(
    caller: Caller,
    { guid, change, request }: { guid: string; change: EndpointChange; request: RequestHead },
  ): Promise<EndpointRecord> {
    const known = await this.get(caller, guid);
    requireControl(caller, known);
    const found = await this.#lookAgain({ ...known, ...change }, change, request);
    const changed = await this.#parts.store.atOnce(async ({ endpoints, events }) => {
      // As it is now: somebody else may have changed another part of it meanwhile.
      const now = await endpoints.hold(guid);
      const info = { ...now?.info, ...found?.info };
      const record = now && (await endpoints.change(now, { ...change, ...found, info }));
      if (record) await events.add('updated', { endpoint: endpointView(record) });
      return record;
    });
    if (!changed) throw unknownEndpoint(guid);
    this.#parts.onEvent();
    return changed;
  }

  /** With every connection to it. */
  async unregister(caller: Caller, guid: string): Promise<EndpointRecord> {
    requireControl(caller, await this.get(caller, guid));
    const removed = await this.#parts.store.atOnce(async ({ endpoints, events }) => {
      const record = await endpoints.remove(guid);
      if (record) await events.add('unregistered', { endpoint: endpointView(record) });
      return record;
    });
    if (!removed) throw unknownEndpoint(guid);
    this.#parts.onEvent();
    return removed;
  }

  /** Types at which a plugin may act for its caller; undefined: at all. */
  async #typesFor({ plugin }: Caller): Promise<ReadonlySet<string> | undefined> {
    const { types, trustedPlugins } = this.#parts;
    if (plugin === undefined || trustedPlugins.includes(plugin)) return undefined;
    const own = (await types.list()).filter((each) => each.plugin === plugin);
    return new Set(own.map(({ type }) => type));
  }

  /** By `update-metadata`, whenever somebody looks. */
  async #isToldOfAll({ plugin }: Caller): Promise<boolean> {
    const types = await this.#parts.types.list();
    return types.some((each) => each.plugin === plugin && each.hooks.includes('update-metadata'));
  }

  #ownerFor(caller: Caller): string {
    if (this.mayRegister(caller)) return caller.isAdmin ? '' : caller.id;
    throw new MeshError('MESH_FORBIDDEN', 'only administrators register endpoints', {
      fix: "ask one, or have 'user_endpoints' of the plugin 'endpoints' set",
    });
  }

  async #requireRoom(url: string, owner: string): Promise<void> {
    const { endpoints } = this.#parts.store;
    if (await endpoints.has(url, owner)) throw exists(url);
    const most = owner === '' ? MOST.everybody : MOST.user;
    if ((await endpoints.count(owner)) >= most)
      throw new MeshError('MESH_FORBIDDEN', `there are ${most} endpoints already, which is the most`, {
        fix: 'unregister one',
      });
  }

  async #asTypeWants(
    type: EndpointType,
    draft: EndpointRecord,
    request: RequestHead,
  ): Promise<EndpointRecord> {
    if (!type.hooks.includes('register')) return draft;
    const { reaches, callouts, outbound } = this.#parts;
    const { name, metadata, url } = await reaches.during(
      type.plugin,
      { target: draft, headers: {} },
      (reach) =>
        callouts.ask({ type, hook: 'register', body: { endpoint: endpointView(draft), reach }, request }),
    );
    const wanted = url === undefined ? draft.url : endpointUrl(url);
    if (wanted !== draft.url) {
      await outbound.check(wanted);
      await this.#requireRoom(wanted, draft.owner);
    }
    return { ...draft, url: wanted, name: name ?? draft.name, info: metadata ?? draft.info };
  }

  async #store(record: EndpointRecord): Promise<void> {
    await this.#parts.store.atOnce(async ({ endpoints, events }) => {
      // Somebody was quicker.
      if (!(await endpoints.add(record))) throw exists(record.url);
      await events.add('registered', { endpoint: endpointView(record) });
    });
    this.#parts.onEvent();
  }

  /** What the type says with other TLS settings; undefined: they stay as they are. */
  async #lookAgain(target: EndpointRecord, change: EndpointChange, request: RequestHead) {
    if (change.skipTlsValidation === undefined && change.caCert === undefined) return undefined;
    const type = await this.#parts.types.ready(target.type);
    return lookAt(this.#parts, type, { target, request });
  }
}

function requireSubType({ type, subTypes }: EndpointType, chosen: string | null): void {
  const names = subTypes.map((each) => each.type);
  if (chosen === null ? names.length === 0 : names.includes(chosen)) return;
  const why = chosen === null ? "'subType' is missing" : `there is no subtype '${chosen}'`;
  throw new MeshError('MESH_BAD_REQUEST', `${why} of the type '${type}'`, {
    fix: names.length === 0 ? "leave 'subType' out" : `'subType' is one of ${names.join(', ')}`,
  });
}

function exists(url: string): MeshError {
  return new MeshError('MESH_ENDPOINT_EXISTS', `'${url}' is registered already`, {
    fix: 'connect to the endpoint that is there, or unregister it first',
  });
}
