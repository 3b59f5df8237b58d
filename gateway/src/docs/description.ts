import type { Place } from './addresses.ts';
import type { JsonObject } from './json.ts';

/** Whose document is read. */
export interface Source extends Place {
  readonly id: string;
}

/** A tag of operations. */
export interface Tag {
  readonly name: string;
  readonly description?: string;
}

/** A plugin's document, read and made fit to stand beside others: no name and no reference in it can meet another plugin's. */
export interface Description {
  /** Path in the mesh → path item, without servers and security. */
  readonly paths: Readonly<Record<string, JsonObject>>;
  /** Section → name → component. */
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly tags: readonly Tag[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

/** What came of reading a document. */
export type Reading =
  { readonly description: Description } | { /** Why it cannot be used. */ readonly broken: string };
