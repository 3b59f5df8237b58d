import type { Router } from 'express';
import { MeshError } from '../../errors/index.ts';
import type { Log } from '../../log/index.ts';
import type { EndpointType } from '../../manifest/endpoint-type.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import type { Bus } from '../bus/bus.ts';
import type { ServiceRunner } from '../service-runner.ts';
import { answerCallouts, type CalloutParts } from './answer-callouts.ts';
import { EndpointEvents, type OnEvent } from './endpoint-events.ts';
import { EventCursor } from './event-cursor.ts';
import { HOOK_MEMBERS, type EndpointHooks } from './hooks.ts';
import { HOOK_SCHEMAS } from './schemas.ts';

/** What types of endpoints are made of. */
export interface EndpointTypesParts extends Omit<CalloutParts, 'maxBody'> {
  readonly manifest: Manifest;
  readonly log: Log;
  readonly router: Router;
  readonly bus: Bus;
  readonly services: ServiceRunner;
}

/** The endpoint types of one plugin: what `plugin.json` says of them, and what its code does. */
export class EndpointTypes {
  readonly #parts: EndpointTypesParts;
  readonly #events: EndpointEvents;
  readonly #added = new Map<string, EndpointType>();

  constructor(parts: EndpointTypesParts) {
    const { manifest, bus, call, log } = parts;
    this.#parts = parts;
    this.#events = new EndpointEvents({ call, log, cursor: new EventCursor(bus.connection, manifest.name) });
  }

  /** As `PluginContext.endpointType`. */
  add(type: string, hooks: EndpointHooks): void {
    const entry = this.#entryOf(type);
    requireSameHooks(entry, hooks);
    this.#requireOwnPath(entry);
    this.#added.set(type, entry);
    const { router, identify, call, manifest } = this.#parts;
    const parts = { identify, call, maxBody: manifest.http.maxBody };
    for (const hook of entry.hooks) {
      const answer = hooks[HOOK_MEMBERS[hook]]?.bind(hooks);
      if (answer) router.post(`${entry.callouts}/${hook}`, answerCallouts(answer, HOOK_SCHEMAS[hook], parts));
    }
    if (hooks.onEvent) this.#follow(type, hooks.onEvent.bind(hooks));
  }

  /** Throws where `plugin.json` has types whose hooks the code has left out. */
  requireAll(): void {
    for (const entry of this.#parts.manifest.endpoints ?? [])
      if (!this.#added.has(entry.type)) requireSameHooks(entry, {});
  }

  #entryOf(type: string): EndpointType {
    const { endpoints = [] } = this.#parts.manifest;
    const entry = endpoints.find((each) => each.type === type);
    if (entry && !this.#added.has(type)) return entry;
    if (entry) throw clash(`endpointType was called for '${type}' twice`, 'give it all hooks at once');
    const types = endpoints.map((each) => `'${each.type}'`).join(', ') || 'none';
    throw clash(
      `the code has an endpoint type '${type}', and plugin.json has ${types}`,
      "write it into 'endpoints' of plugin.json: docs/reference/callouts.md",
    );
  }

  /** A callout does not say which type it is for: its path does. */
  #requireOwnPath({ type, callouts }: EndpointType): void {
    const other = [...this.#added.values()].find(
      (each) => callouts !== undefined && each.callouts === callouts,
    );
    if (other)
      throw clash(
        `the endpoint types '${other.type}' and '${type}' are both asked at '${callouts}'`,
        `give one of them another path: "callouts": "/endpoint/${type}"`,
      );
  }

  #follow(type: string, handle: OnEvent): void {
    const { bus, services } = this.#parts;
    const isFirst = !this.#events.isFollowing;
    this.#events.add(type, handle);
    if (!isFirst) return;
    bus.subscribe('pattern', 'to:endpoints:*', this.#events.wake);
    bus.onLive(this.#events.wake);
    services.add('endpoint events', this.#events.run);
  }
}

/** The manifest is what `endpoints` goes by: a hook that only one of the two knows is called for nothing, or never. */
function requireSameHooks({ type, hooks: declared }: EndpointType, hooks: EndpointHooks): void {
  const written = Object.entries(HOOK_MEMBERS).flatMap(([hook, member]) => (hooks[member] ? [hook] : []));
  const differ = [...declared, ...written].some(
    (hook) => !written.includes(hook) || !declared.some((each) => each === hook),
  );
  if (differ)
    throw clash(
      `plugin.json says that the endpoint type '${type}' has the hooks ${list(declared)}, and the code has ${list(written)}`,
      "make 'hooks' in plugin.json and endpointType in the code say the same",
    );
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map((name) => `'${name}'`).join(', ');
}

function clash(message: string, fix: string): MeshError {
  return new MeshError('MESH_MANIFEST_CLASH', message, { fix });
}
