import { type PluginFailure, pluginFailure } from '@plugmesh/shared/mesh-document';
import { diagnose } from './known-failures.ts';

/** How a preparation says why a plugin cannot be started: `CODE sentence`, and what a setup wrote last. */
const SAID = /^(?<code>MESH_\w+):? (?<text>.*)$/s;

/** Why a plugin cannot be started, from what its preparation has said. */
export function preparationFailure(id: string, reason: string): PluginFailure {
  const { code = 'MESH_SETUP_FAILED', text = reason } = SAID.exec(reason)?.groups ?? {};
  return code === 'MESH_SETUP_FAILED' ? setupFailure(id, text) : requirementFailure(code, text);
}

function setupFailure(id: string, text: string): PluginFailure {
  // `'pip install' ended with 1: <what it wrote>`.
  const [, message = text, output = ''] = /^('.*?' ended with \w+): (.*)$/s.exec(text) ?? [];
  const lines = output.split('\n');
  const fix = diagnose(lines)?.fix ?? `correct what it says; all of it: ./plugmesh logs ${id}.setup`;
  return pluginFailure('MESH_SETUP_FAILED', message, { lines, fix });
}

/** What to install is said after a semicolon; a program that no list knows has to be found by its name. */
function requirementFailure(code: string, text: string): PluginFailure {
  const [message = text, hint] = text.split(/; (?=install it: |newer ones: )/);
  const isRun = /the manifest's 'run' names/.test(text);
  const fix = isRun ? "install it, or correct 'run' in plugin.json" : 'install it, and reload the plugin';
  return pluginFailure(code, message, { fix: hint ?? fix });
}
