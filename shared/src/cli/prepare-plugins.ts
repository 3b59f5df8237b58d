import type { Config } from '../config/index.ts';
import type { Manifest } from '../manifest/index.ts';
import { prepare } from '../processes/index.ts';

/** Checks requirements and runs setups, all plugins at the same time, saying what takes place. */
export async function preparePlugins(
  config: Config,
  manifests: readonly Manifest[],
  stopped: AbortSignal,
): Promise<void> {
  await Promise.all(
    manifests.map(async (manifest) => {
      const startedAt = performance.now();
      let steps = 0;
      const result = await prepare(config, manifest, {
        stopped,
        onStep: (command) => {
          steps += 1;
          say(`  ${manifest.name}: ${command}  (${steps}/${manifest.setup.length})`);
        },
      });
      if (result.state === 'skipped' || result.state === 'failed')
        say(`✖ ${manifest.name}: ${result.reason}`);
      else if (result.state === 'prepared' && steps > 0)
        say(`✔ ${manifest.name} is set up (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
    }),
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
