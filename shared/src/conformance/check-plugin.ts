import type { Config } from '../config/index.ts';
import { type ErrorCode, ERROR_CODES, MeshError } from '../errors/index.ts';
import { type Manifest, manifestHttpDefaults, parsePluginConfig } from '../manifest/index.ts';
import { prepare } from '../processes/index.ts';
import { Bench } from './bench.ts';
import { type Report, reportOf, reportWithoutCode } from './report.ts';
import { runChecks, type RunOptions } from './run-checks.ts';
import { Subject } from './subject.ts';

/** How a plugin is checked. */
export interface CheckOptions extends RunOptions {
  /** Breaks it off. */
  readonly signal: AbortSignal;
}

/** How one is checked that is started here. */
export interface CheckFolderOptions extends CheckOptions {
  /** The mesh's: what it says about this plugin, and where what is prepared is remembered. */
  readonly config: Config;
  /** Told of each command of its setup. */
  readonly onStep?: (step: string) => void;
  /** How long it may take to listen and to be well; default 30 s. */
  readonly patienceMs?: number;
}

/**
 * Sets a plugin up, starts it as often as needed, and runs every check; one without code has nothing but its manifest. Everything it has started is gone afterwards. Throws
 * MESH_REQUIREMENT_MISSING, MESH_SETUP_FAILED, or `MeshProblems` with settings that do not fit.
 */
export async function checkFolder(manifest: Manifest, options: CheckFolderOptions): Promise<Report> {
  const { config, signal, onStep, patienceMs } = options;
  parsePluginConfig(manifest, config.pluginSettings[manifest.name]?.config ?? {});
  if (manifest.run.length === 0) return reportWithoutCode(manifest.name);
  const prepared = await prepare(config, manifest, { ...(onStep ? { onStep } : {}), stopped: signal });
  signal.throwIfAborted();
  if (prepared.state !== 'prepared') throw problemOf(prepared.reason ?? 'it could not be set up');
  const patience = patienceMs === undefined ? {} : { patienceMs };
  const bench = await Bench.create({ manifest, config, signal, ...patience });
  try {
    const subject = new Subject({ bench, manifest, http: manifest.http, signal });
    return reportOf(manifest.name, await runChecks(subject, options));
  } finally {
    await bench.stop();
  }
}

/** Checks a plugin that runs somewhere: what can be seen from outside. Without a manifest it is held against the defaults. */
export async function checkUrl(
  url: string,
  { manifest, ...options }: CheckOptions & { readonly manifest?: Manifest | undefined },
): Promise<Report> {
  const http = manifest?.http ?? manifestHttpDefaults;
  const subject = new Subject({ url: url.replace(/\/$/, ''), manifest, http, signal: options.signal });
  return reportOf(manifest?.name ?? url, await runChecks(subject, options));
}

/** A reason of `prepare` begins with its code. */
function problemOf(reason: string): MeshError {
  const [, code = '', message = reason] = /^(MESH_\w+) (.*)$/s.exec(reason) ?? [];
  const known = code in ERROR_CODES ? (code as ErrorCode) : 'MESH_SETUP_FAILED';
  return new MeshError(known, message);
}
