/**
 * What do messages to many sockets cost?
 *
 *   node bench/fanout.ts [crowd] [topics] [idle] [--rounds 3]
 *
 * crowd   1,000 sockets on one topic: 300 messages at once, then 150 at 15 a second
 * topics  1,000 topics with 10 sockets each: 2,000 messages a second, spread over them
 * idle    10,000 joined sockets on 100 topics, of whom nobody says anything but heartbeats
 *
 * Every server is one process, fed through the same Redis (nchan by HTTP, its own way). All messages are 200 bytes;
 * every client checks number, order and content of every frame. CPU is the server processes' own time.
 */
import { crowd } from './fanout/crowd.ts';
import { idle } from './fanout/idle.ts';
import { topics } from './fanout/topics.ts';
import { runScenes } from './support/scenes.ts';

await runScenes({ crowd, topics, idle });
