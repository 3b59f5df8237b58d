import type { Source } from './description.ts';
import { discriminatorOf } from './discriminators.ts';
import { isObject, partsOf, pointerTo, valueAt, type JsonObject } from './json.ts';
import { isKeywordRight } from './schema-keywords.ts';
import { memberOf, SECTIONS, type Shape } from './shapes.ts';

/** Stands for what is left out, together with the member that holds it. */
const LEFT_OUT = Symbol('left out');

/** These may stand anywhere, so that a note can stand in their place. */
const CAN_BE_A_NOTE: ReadonlySet<Shape> = new Set<Shape>(['schema', 'response']);

/** Members that never come along: servers and security are the mesh's, identities would make references ambiguous. */
const DROPPED: Partial<Record<Shape, readonly string[]>> = {
  pathItem: ['servers', '$ref'],
  operation: ['servers', 'security'],
  // They name other operations, which may be hidden from a reader of this one.
  response: ['links'],
  schema: ['$id', '$anchor', '$dynamicAnchor', '$dynamicRef'],
};

/** A reference may lead to a reference; one to itself leads nowhere. */
const MOST_STEPS = 20;

/** The gateway says these to plugins, whatever a client sends. */
const OF_THE_MESH = /^x-(?:plugmesh|forwarded)-/i;

/** Copies the objects of one plugin's document with all names and references made its own. */
export class Rewriter {
  readonly notes = new Set<string>();
  /** Section → name → component, as far as it has been asked for. */
  readonly components: Record<string, Record<string, unknown>> = {};
  readonly #document: JsonObject;
  readonly #source: Source;
  readonly #operationIds = new Set<string>();
  /** What is referred to without being a component, by shape and pointer → the component that it becomes. */
  readonly #lifted = new Map<string, string>();

  constructor(document: JsonObject, source: Source) {
    this.#document = document;
    this.#source = source;
  }

  /** The same object for the merged document; undefined where nothing of it can be kept. */
  object(value: JsonObject, shape: Shape): JsonObject | undefined {
    const copy = this.#copy(value, shape);
    return isObject(copy) ? copy : undefined;
  }

  /** Takes over a component under a name of this plugin's. */
  component(section: string, name: string, value: unknown): void {
    const shape = SECTIONS[section];
    if (!shape) return;
    const copy = this.#copy(value, shape);
    if (copy !== LEFT_OUT) (this.components[section] ??= {})[this.ownName(name)] = copy;
  }

  ownName(name: string): string {
    return `${this.#source.id}.${name}`;
  }

  note(text: string): void {
    if (this.notes.size < 20) this.notes.add(text.slice(0, 300));
  }

  #copy(value: unknown, shape: Shape): unknown {
    if (!isObject(value)) return shape === 'schema' && typeof value === 'boolean' ? value : LEFT_OUT;
    if (!this.#isKept(value, shape)) return LEFT_OUT;
    const { $ref } = value;
    if (typeof $ref !== 'string' || shape === 'pathItem') return this.#members(value, shape);
    const target = this.#target($ref, shape);
    if (target !== undefined) return { ...this.#members(value, shape), $ref: target };
    this.note(`the reference '${$ref}' leads to nothing in the document`);
    return CAN_BE_A_NOTE.has(shape) ? { description: `Left out: '${$ref.slice(0, 200)}'` } : LEFT_OUT;
  }

  #members(value: JsonObject, shape: Shape): JsonObject {
    const kept = Object.entries(value).filter(
      ([name]) => !name.startsWith('x-plugmesh') && DROPPED[shape]?.includes(name) !== true,
    );
    const copies = kept.map(([name, each]) => [name, this.#member(name, each, shape)] as const);
    const copy = Object.fromEntries(copies.filter(([, each]) => each !== LEFT_OUT));
    return { ...copy, ...this.#named(value, shape) };
  }

  #member(name: string, value: unknown, shape: Shape): unknown {
    const [holding, inner] = memberOf(shape, name) ?? [];
    if (!inner) return this.#data(name, value, shape);
    if (holding === 'one') return this.#copy(value, inner);
    if (holding === 'list') {
      if (!Array.isArray(value)) return LEFT_OUT;
      const copies = value.map((each) => this.#copy(each, inner));
      const kept = copies.filter((each) => each !== LEFT_OUT);
      // One of no schemas is none.
      return inner === 'schema' && kept.length === 0 ? LEFT_OUT : kept;
    }
    if (!isObject(value)) return LEFT_OUT;
    const copies = Object.entries(value).map(([key, each]) => [key, this.#copy(each, inner)] as const);
    return Object.fromEntries(copies.filter(([, each]) => each !== LEFT_OUT));
  }

  #data(name: string, value: unknown, shape: Shape): unknown {
    if (shape !== 'schema' || isKeywordRight(name, value)) return value;
    this.note(`'${name}' of a schema cannot be ${JSON.stringify(value).slice(0, 80)}`);
    return LEFT_OUT;
  }

  /** Members whose text is a name of the document. */
  #named(value: JsonObject, shape: Shape): JsonObject {
    if (shape === 'operation') return this.#operationNames(value);
    if (shape !== 'schema') return {};
    const schemas = valueAt(this.#document, '/components/schemas');
    return discriminatorOf(value, isObject(schemas) ? schemas : {}, (ref) => this.#target(ref, 'schema'));
  }

  #operationNames({ operationId, tags }: JsonObject): JsonObject {
    const { id } = this.#source;
    const named = Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [];
    const own = { tags: named.length === 0 ? [id] : [...new Set(named.map((tag) => this.ownName(tag)))] };
    if (typeof operationId !== 'string') return own;
    if (this.#operationIds.has(operationId)) {
      this.note(`'${operationId}' names two operations`);
      return { ...own, operationId: undefined };
    }
    this.#operationIds.add(operationId);
    return { ...own, operationId: this.ownName(operationId) };
  }

  /** Where a reference leads in the merged document; undefined: to nothing that is in this one. */
  #target(ref: string, shape: Shape): string | undefined {
    if (!this.#isThere(ref, shape)) return undefined;
    const [root, section = '', name, ...rest] = partsOf(ref.slice(1)) ?? [];
    if (root === 'components' && name !== undefined && Object.hasOwn(SECTIONS, section)) {
      return `#${pointerTo(['components', section, this.ownName(name), ...rest])}`;
    }
    return this.#lift(ref, shape);
  }

  /** Whether a reference leads to something that is kept. */
  #isThere(ref: string, shape: Shape, steps = MOST_STEPS): boolean {
    const value = ref.startsWith('#/') ? valueAt(this.#document, ref.slice(1)) : undefined;
    if (!isObject(value)) return shape === 'schema' && typeof value === 'boolean';
    if (!this.#isKept(value, shape)) return false;
    const { $ref } = value;
    return typeof $ref !== 'string' || (steps > 0 && this.#isThere($ref, shape, steps - 1));
  }

  /** Left out: headers that no client can send. */
  #isKept(value: JsonObject, shape: Shape): boolean {
    return shape !== 'parameter' || value['in'] !== 'header' || !OF_THE_MESH.test(String(value['name']));
  }

  /** What is inside of another operation becomes a component: that operation may be hidden from a reader of this one. */
  #lift(ref: string, shape: Shape): string | undefined {
    const [section] = Object.entries(SECTIONS).find(([, each]) => each === shape) ?? [];
    if (section === undefined) return undefined;
    const key = `${section} ${ref}`;
    const known = this.#lifted.get(key);
    if (known !== undefined) return known;
    // Not by where it was: that path may be hidden, too.
    const name = `from.${this.#lifted.size}`;
    const target = `#${pointerTo(['components', section, this.ownName(name)])}`;
    // Before it is copied: it may refer to itself.
    this.#lifted.set(key, target);
    this.component(section, name, valueAt(this.#document, ref.slice(1)));
    return target;
  }
}
