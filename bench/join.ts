/**
 * How fast do sockets join, and come back?
 *
 *   node bench/join.ts [joins] [return] [--rounds 3]
 *
 * joins   1,000 connected sockets join at once: ten topics each, plainly and with a token for each; one of 20 topics of
 *         50 members with presence
 * return  5,000 official clients on 100 topics, whose channel process is killed, and started again
 *
 * CPU is the server process's own time.
 */
import { comeBack } from './join/come-back.ts';
import { joins } from './join/joins.ts';
import { runScenes } from './support/scenes.ts';

await runScenes({ joins, return: comeBack });
