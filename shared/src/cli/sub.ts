import { FROM, splitChannel, TO } from '../protocol/index.ts';
import { Subscription } from '../redis/index.ts';
import { MeshError } from '../errors/index.ts';
import type { CommandLine } from './command-line.ts';
import { busUrl, SILENT_LOG } from './mesh-bus.ts';
import { report } from './report.ts';
import { configOfRunning } from './running-mesh.ts';
import { utf8, withoutControls } from './shown-text.ts';

/** One message as it passed. */
interface Passed {
  readonly at: Date;
  readonly direction: 'to' | 'from';
  readonly topic: string;
  readonly event: string;
  readonly payload: Buffer;
}

/** `plugmesh sub`: what passes on the bus, until Ctrl-C or `-n` messages. */
export async function sub({ operands, options }: CommandLine): Promise<number> {
  const { promise: done, resolve: finish } = Promise.withResolvers<undefined>();
  const most = options.lines ?? Number.POSITIVE_INFINITY;
  const show = options.json ? asJson : asText;
  let shown = 0;
  const subscription = new Subscription({
    redisUrl: busUrl(configOfRunning(options)),
    name: 'cli',
    log: SILENT_LOG,
    patterns: patternsOf(operands),
    onMessage: (channel, payload) => {
      const passed = read(channel, payload);
      if (!passed || shown >= most) return;
      process.stdout.write(`${show(passed)}\n`);
      shown += 1;
      if (shown >= most) finish(undefined);
    },
    onLive: () => say('… listening'),
    onLost: () => report(lost(), options.json),
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => finish(undefined));
  // A reader that has gone (`| head`) wants no more.
  process.stdout.once('error', () => finish(undefined));
  if (!(await subscription.start())) report(lost(), options.json);
  await done;
  await subscription.stop();
  return 0;

  function say(text: string): void {
    if (!options.json) process.stderr.write(`${text}\n`);
  }
}

/** Topics with events, `weather:*`, go both ways; `to:` and `from:` before them mean one. Nothing else of Redis is seen. */
function patternsOf(operands: readonly string[]): string[] {
  const named = operands.length === 0 ? ['*'] : operands;
  const both = named.flatMap((each) =>
    each.startsWith(TO) || each.startsWith(FROM) ? [each] : [`${TO}${each}`, `${FROM}${each}`],
  );
  return [...new Set(both)];
}

function lost(): MeshError {
  return new MeshError('MESH_REDIS_UNAVAILABLE', 'Redis is away: what passes meanwhile is not seen', {
    fix: 'it goes on by itself; ./plugmesh doctor looks what is wrong',
  });
}

function read(channel: string, payload: Buffer): Passed | undefined {
  const address = splitChannel(channel);
  return (
    address && { at: new Date(), direction: channel.startsWith(TO) ? 'to' : 'from', ...address, payload }
  );
}

function asText({ at, direction, topic, event, payload }: Passed): string {
  const text = utf8(payload) ?? `<${payload.length} bytes>`;
  const line = `${at.toISOString().slice(11, 23)} ${direction === 'to' ? '→ to  ' : '← from'} ${topic} ${event} ${text}`;
  // Whoever publishes must not steer the reader's terminal.
  return withoutControls(line);
}

function asJson({ at, direction, topic, event, payload }: Passed): string {
  const text = utf8(payload);
  const what = text === undefined ? { bytes: payload.toString('base64') } : { payload: valueOf(text) };
  return JSON.stringify({ at: at.toISOString(), direction, topic, event, ...what });
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
