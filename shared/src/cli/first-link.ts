import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/index.ts';
import { pluginStateDir } from '../processes/index.ts';
import { linkUrl } from './accounts-client.ts';

/** What the terminal says while nobody has a password yet; undefined when somebody has. It goes to no log. */
export function firstLinkText(config: Config, now = Date.now()): string | undefined {
  const file = join(pluginStateDir(config, config.gateway.accounts), 'first-link.json');
  try {
    const { name, link, endsAt } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    if (typeof link !== 'string' || typeof endsAt !== 'number' || endsAt < now) return undefined;
    const until = new Date(endsAt).toISOString();
    return `  Nobody can log in yet. Choose a password for '${String(name)}' (once, until ${until}):\n  ${linkUrl(config, link)}\n`;
  } catch {
    // Somebody has used it, or the mesh has no accounts.
    return undefined;
  }
}
