import type { ManifestHttp } from '../manifest/index.ts';
import { type Answer, ask, type Question } from './ask.ts';
import type { Bench } from './bench.ts';
import { Fault } from './check.ts';
import { readDescription, type Description } from './description.ts';
import type { Manifest } from '../manifest/index.ts';
import { endedFailure } from './until-listening.ts';

/** What of a manifest checks look at. One at a URL may have none. */
export type KnownManifest = Pick<Manifest, 'name' | 'topics' | 'middleware'> & {
  readonly http: ManifestHttp;
};

/** What is checked: a plugin that a bench starts, or one that runs somewhere. */
export interface SubjectOptions {
  /** Where it is, without the slash at the end; a bench knows it by itself. */
  readonly url?: string;
  readonly bench?: Bench;
  readonly manifest?: KnownManifest | undefined;
  /** What is held against one without a manifest. */
  readonly http: ManifestHttp;
  readonly signal: AbortSignal;
}

/** A plugin as checks see it. */
export class Subject {
  readonly manifest: KnownManifest | undefined;
  readonly http: ManifestHttp;
  readonly signal: AbortSignal;
  readonly #options: SubjectOptions;
  #description: Promise<Description> | undefined;

  constructor(options: SubjectOptions) {
    this.#options = options;
    this.manifest = options.manifest;
    this.http = options.http;
    this.signal = options.signal;
  }

  /** Whether it is started here; what needs a process may be asked then. */
  get isStartedHere(): boolean {
    return this.#options.bench !== undefined;
  }

  /** What starts it. Checks that use it say `needsProcess`. */
  get bench(): Bench {
    const { bench } = this.#options;
    if (!bench) throw new Error('a plugin at a URL is not started here');
    return bench;
  }

  /** The path under which the mesh serves it; empty where that is not known. */
  get prefix(): string {
    return this.#options.bench?.prefix ?? (this.manifest ? `/api/${this.manifest.name}` : '');
  }

  /** What the gateway makes of a path under the plugin's prefix. */
  pathAt(path: string): string {
    if (this.http.stripPrefix || this.prefix === '' || path.startsWith(`${this.prefix}/`)) return path;
    return `${this.prefix}${path}`;
  }

  /** Asks it; starts it when it does not run. Throws a `Fault` where there is no answer. */
  async ask(path: string, question: Question = {}): Promise<Answer> {
    const origin = this.#options.url ?? (await this.#origin());
    try {
      return await ask(origin + path, { signal: this.signal, ...question });
    } catch (error) {
      if (error instanceof Fault) await this.#sayWhetherItEnded(error, `${question.method ?? 'GET'} ${path}`);
      throw error;
    }
  }

  /** Its description of its API. It is fetched once. */
  description(): Promise<Description> {
    return (this.#description ??= readDescription(this));
  }

  async #origin(): Promise<string> {
    const { host, port } = await this.bench.running();
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  /** A connection that breaks is most often the end of the process. */
  async #sayWhetherItEnded(fault: Fault, what: string): Promise<void> {
    if (fault.failure.code !== 'MESH_UPSTREAM_FAILED') return;
    const run = this.#options.bench?.lastRun;
    if (run && (await run.endsWithin(500))) throw new Fault(endedFailure(run, `when it was asked ${what}`));
  }
}
