/** An option of the command line, as `parseArgs` of node:util takes it. */
interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: true;
  /** What the help calls its value. */
  readonly value?: string;
}

/** Every option; a command has those that it names, and those of `EVERYWHERE`. */
export const OPTIONS = {
  config: { type: 'string', short: 'c', value: 'FILE' },
  json: { type: 'boolean' },
  follow: { type: 'boolean', short: 'f' },
  lines: { type: 'string', short: 'n', value: 'COUNT' },
  watch: { type: 'boolean', short: 'w' },
  role: { type: 'string', multiple: true, value: 'ROLE' },
  level: { type: 'string', value: 'LEVEL' },
  manifest: { type: 'string', value: 'FILE' },
  method: { type: 'string', short: 'X', value: 'METHOD' },
  data: { type: 'string', short: 'd', value: 'DATA' },
  header: { type: 'string', short: 'H', multiple: true, value: 'HEADER' },
  as: { type: 'string', value: 'WHO' },
  key: { type: 'string', value: 'KEY' },
  durable: { type: 'boolean' },
  from: { type: 'boolean' },
  name: { type: 'string', value: 'NAME' },
  guard: { type: 'string', multiple: true, value: 'GUARD' },
  plugin: { type: 'string', multiple: true, value: 'PLUGIN' },
  expires: { type: 'string', value: 'DAYS' },
  lang: { type: 'string', value: 'LANGUAGE' },
  kind: { type: 'string', value: 'KIND' },
  help: { type: 'boolean', short: 'h' },
  // For the launcher: it answers its questions.
  yes: { type: 'boolean', short: 'y' },
} as const satisfies Readonly<Record<string, Option>>;

/** The long name of an option. */
export type OptionName = keyof typeof OPTIONS;

/** What every command takes: the launcher may have something to install before any of them. */
export const EVERYWHERE: readonly OptionName[] = ['config', 'help', 'yes'];

/** An option as the help shows it: `[-n|--lines COUNT]`. */
export function optionText(name: OptionName): string {
  const { short, multiple, value }: Option = OPTIONS[name];
  const names = short === undefined ? `--${name}` : `-${short}|--${name}`;
  return `[${names}${value === undefined ? '' : ` ${value}`}]${multiple ? '…' : ''}`;
}
