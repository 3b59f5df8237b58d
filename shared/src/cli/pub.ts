import { text as readText } from 'node:stream/consumers';
import { MeshError } from '../errors/index.ts';
import { matchTopic, type TopicRule } from '../mesh-document/index.ts';
import { fromChannel, isEventName, isTopicName, toChannel } from '../protocol/index.ts';
import { publishDurable, type RedisConnection } from '../redis/index.ts';
import type { CommandLine, CommandOptions } from './command-line.ts';
import { readDocument, withRedis } from './mesh-bus.ts';
import { print, sayProblems } from './report.ts';
import { configOfRunning } from './running-mesh.ts';

interface Message {
  readonly topic: string;
  readonly event: string;
  readonly payload: object;
  readonly rule: TopicRule | undefined;
}

/** `plugmesh pub`: one message on the bus. */
export async function pub({ operands, options }: CommandLine): Promise<number> {
  const [topic = '', event = '', text = '{}'] = operands;
  if (!isTopicName(topic) || !isEventName(event))
    throw new MeshError(
      'MESH_USAGE',
      "'pub' needs a topic, an event without a colon, and perhaps a payload",
      {
        fix: `./plugmesh pub weather:paris update '{"t": 21}'`,
      },
    );
  if (options.durable && options.from)
    throw new MeshError(
      'MESH_USAGE',
      "'--durable' is for what goes to browsers, '--from' for what comes from them",
    );
  const payload = parsePayload(text === '-' ? await readText(process.stdin) : text);
  await withRedis(configOfRunning(options), async (redis) => {
    const rule = matchTopic((await readDocument(redis))?.topics ?? [])(topic);
    if (!rule && !options.durable) warnOfTopic(topic, options);
    const message = { topic, event, payload, rule };
    await (options.durable ? publishKept(redis, message, options) : publish(redis, message, options));
  });
  return 0;
}

async function publish(redis: RedisConnection, message: Message, options: CommandOptions): Promise<void> {
  const { topic, event, payload } = message;
  const channel = options.from ? fromChannel(topic, event) : toChannel(topic, event);
  const heard = await redis.publish(channel, JSON.stringify(options.from ? pushed(message) : payload));
  const who = options.from ? 'plugins' : 'channel processes with members of the topic, and others who listen';
  print(options, { channel, heard }, `${channel} was heard by ${heard} (${who})`);
  if (heard === 0 && !options.json)
    process.stderr.write(
      options.from ? NOBODY_LISTENS : 'Nobody has joined the topic now: nothing keeps it.\n',
    );
}

const NOBODY_LISTENS = 'No plugin subscribes to it now: nothing keeps it.\n';

/** As the channel service sends a push of somebody who is not signed in. Nobody waits for the answer. */
function pushed({ payload, rule }: Message): object {
  if (rule?.envelope !== true) return payload;
  return { payload, meta: { user: null, socket: 'command-line', ref: null, replyTo: null } };
}

async function publishKept(redis: RedisConnection, message: Message, options: CommandOptions): Promise<void> {
  const { topic, event, payload } = message;
  const { key } = options;
  const result = await publishDurable(redis, {
    topic,
    event,
    payload,
    ...(key === undefined ? {} : { idempotencyKey: key }),
  });
  if (!result.ok)
    throw new MeshError(result.code, result.reason, {
      fix: 'give the topic a rule with "history" in a manifest, or leave --durable out',
    });
  print(
    options,
    { channel: toChannel(topic, event), id: result.id },
    `${toChannel(topic, event)} is kept as ${result.id}`,
  );
}

function parsePayload(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Told below, with what it should be.
  }
  throw new MeshError('MESH_USAGE', `the payload is no JSON object or array: ${text.slice(0, 80)}`, {
    fix: `quote it for the shell: '{"t": 21}'`,
  });
}

/** It goes out all the same: plugins may speak with one another over topics that no browser knows. */
function warnOfTopic(topic: string, { json }: CommandOptions): void {
  const problem = new MeshError('MESH_TOPIC_UNMATCHED', `no rule of this mesh names the topic '${topic}'`, {
    fix: "browsers cannot join it: name it under 'topics' in a manifest",
  });
  sayProblems([problem], json);
}
