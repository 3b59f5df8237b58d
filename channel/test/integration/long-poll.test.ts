import assert from 'node:assert/strict';
import { decodeTextFrame, encodeBinaryMessage } from '@plugmesh/shared/protocol';
import { eventually } from '@plugmesh/shared/testing';
import { ChannelProcess } from '../support/channel-process.ts';
import { PollClient } from '../support/poll-client.ts';
import { RawClient } from '../support/raw-client.ts';

const SETTINGS = `
origins = ["https://app.example.com"]
[channel.limits]
frame = "2KiB"
queue = "64KiB"
sockets = 30
poll = "600ms"
`;

describe('long-poll', () => {
  let channel: ChannelProcess;
  before(async () => void (channel = await ChannelProcess.start(SETTINGS)));
  after(() => channel.stop());

  const open = (query?: string): Promise<PollClient> => PollClient.open(channel.url, query);
  const count = (row: string): Promise<number> => channel.metric(`plugmesh_channel_${row}`);

  describe('answers', () => {
    it('a first poll with 410 and a token, and HTTP 200', async () => {
      const { http, status, token, messages, headers } = await new PollClient(channel.url).poll();
      assert.deepEqual([http, status, messages], [200, 410, []]);
      assert.match(token, /^poll\./);
      assert.match(headers.get('content-type') ?? '', /^application\/json/);
      assert.equal(headers.get('cache-control'), 'no-store');
    });

    it('a poll with 204 when nothing happens, again and again', async () => {
      const client = await open();
      for (let n = 0; n < 3; n++) assert.equal((await client.poll()).status, 204);
    });

    it('a poll that waits at once when there is something, bursts together', async () => {
      const client = await open();
      await client.join('room:2');
      const waiting = client.poll();
      const payload = JSON.stringify({ text: 'a "quoted" \\ ü \u2028' });
      const [tick, tock] = ['to:room:2:tick', 'to:room:2:tock'];
      await channel.bus.multi().publish(tick, payload).publish(tock, '[]').exec();
      const { status, messages } = await waiting;
      assert.equal(status, 200);
      const expected = [`[null,null,"room:2","tick",${payload}]`, '[null,null,"room:2","tock",[]]'];
      assert.deepEqual(
        messages.length === 1 ? [...messages, ...(await client.poll()).messages] : messages,
        expected,
      );
    });

    it('a token that is not good, or no longer, with 500 to a poll and 410 to a post', async () => {
      const client = await open();
      for (const token of ['poll.a.b.0.9999999999.c', client.token.replace(/.$/, '*'), 'poll.']) {
        assert.equal((await new PollClient(channel.url).poll({ token })).status, 500);
        client.token = token;
        assert.equal((await client.post([null, '1', 'phoenix', 'heartbeat', {}])).status, 410);
      }
    });

    it('what the client itself calls token with a new connection', async () => {
      const client = await open('vsn=2.0.0&token=its-own');
      assert.match(client.token, /^poll\./);
      assert.equal((await client.poll()).status, 204);
    });

    for (const vsn of ['vsn=3.0.0', 'vsn=2']) {
      it(`version '${vsn}' with 403`, async () =>
        assert.equal((await new PollClient(channel.url, vsn).poll()).status, 403));
    }

    it('another method with 405', async () => {
      const { status } = await fetch(`${channel.url}/socket/longpoll`, { method: 'PUT' });
      assert.equal(status, 405);
    });
  });

  describe('frames', () => {
    it('joins and pushes, and what comes back is in order', async () => {
      const bus = await channel.listen('from:room:1:*');
      const client = await open();
      assert.match(await client.join('room:1'), /^[\w-]{60,}$/);
      const pushes = [{ text: 'grüß' }, {}].map((payload, n) => ['j1', n, 'room:1', 'say', payload]);
      const { http, status, messages } = await client.post(...pushes);
      assert.deepEqual([http, status, messages], [200, 200, []]);
      const ok = { status: 'ok', response: {} };
      assert.deepEqual(await client.take(2), [
        ['j1', 0, 'room:1', 'phx_reply', ok],
        ['j1', 1, 'room:1', 'phx_reply', ok],
      ]);
      assert.equal((await bus.payload('from:room:1:say')).toString(), '{"text":"grüß"}');
      bus.stop();
    });

    it('takes bytes in base64, and goes without binary broadcasts, which are counted', async () => {
      const bus = await channel.listen('from:room:3:*');
      const client = await open();
      await client.join('room:3');
      const payload = Buffer.from([0, 255, 7]);
      const push = { joinRef: 'j1', ref: '2', topic: 'room:3', event: 'data', payload };
      await client.post(encodeBinaryMessage(push));
      assert.deepEqual(await bus.payload('from:room:3:data'), payload);
      await client.take(1);
      const before = await count('skipped_total');
      await channel.bus.multi().publish('to:room:3:data', payload).publish('to:room:3:after', '{}').exec();
      assert.deepEqual(await client.take(1), [[null, null, 'room:3', 'after', {}]]);
      assert.equal(await count('skipped_total'), before + 1);
      bus.stop();
    });

    it('speaks version 1, also with one frame as JSON body', async () => {
      const client = await open('');
      const join = { topic: 'room:4', event: 'phx_join', payload: {}, ref: '1' };
      await client.postBody(JSON.stringify(join), 'application/json');
      const { messages } = await client.pollOn();
      const [reply, state] = messages.map((text) => JSON.parse(text) as Record<string, unknown>);
      assert.deepEqual([reply?.['event'], reply?.['ref']], ['phx_reply', '1']);
      assert.equal(state?.['event'], 'presence_state');
      await channel.bus.publish('to:room:4:tick', '{"n":1}');
      const [tick] = (await client.pollOn()).messages;
      assert.deepEqual(JSON.parse(tick ?? ''), {
        topic: 'room:4',
        event: 'tick',
        ref: null,
        payload: { n: 1 },
      });
    });

    it('ignores empty lines and carriage returns', async () => {
      const client = await open();
      await client.postBody('\r\n[null,"1","phoenix","heartbeat",{}]\r\n\n');
      assert.equal((await client.take(1))[0]?.[1], '1');
    });

    it('counts what is no frame, and ends the connection at the tenth', async () => {
      const client = await open();
      const before = await count('malformed_total');
      assert.equal((await client.post('not base64!', '[1]', '{', 'AAAA')).status, 200);
      assert.equal(await count('malformed_total'), before + 4);
      assert.equal((await client.post(...Array<string>(6).fill('[]'))).status, 410);
      const { status, code } = await client.poll();
      assert.deepEqual([status, code], [500, 1003]);
    });

    it('takes 100 lines of a post, and refuses more with 413', async () => {
      const client = await open();
      const beat = (ref: number): unknown[] => [null, ref, 'phoenix', 'heartbeat', {}];
      assert.equal((await client.post(...[...Array(101).keys()].map(beat))).status, 413);
      assert.equal((await client.post(...[...Array(100).keys()].map(beat))).status, 200);
      const refs = (await client.take(100)).map(([, ref]) => ref);
      assert.deepEqual(refs, [...Array(100).keys()]);
    });

    it('refuses a body that is too long with 413, and text that is not UTF-8 with 400', async () => {
      const client = await open();
      assert.equal((await client.postBody('x'.repeat(70_000))).status, 413);
      assert.equal((await client.postBody(Buffer.from([0x5b, 0xff, 0x5d]))).status, 400);
      assert.equal((await client.poll()).status, 204);
    });

    it('ends the connection for a frame that is too big, as WebSocket does', async () => {
      const client = await open();
      assert.equal((await client.post(['1', '1', 'room:1', 'say', 'x'.repeat(3000)])).status, 413);
      const { status, code } = await client.poll();
      assert.deepEqual([status, code], [500, 1009]);
    });
  });

  describe('nothing is lost', () => {
    const ticks = (messages: readonly string[]): unknown[] =>
      messages.map(
        (text) => (JSON.parse(decodeTextFrame(text)?.payload.toString() ?? '') as { n: number }).n,
      );
    const publish = (topic: string, n: number): Promise<number> =>
      channel.bus.publish(`to:${topic}:tick`, JSON.stringify({ n }));

    it('when an answer is lost: a poll with the older token gets it again', async () => {
      const client = await open();
      await client.join('room:5');
      const older = client.token;
      await publish('room:5', 1);
      const first = await client.pollOn();
      const again = await client.pollOn({ token: older });
      assert.deepEqual([ticks(first.messages), ticks(again.messages)], [[1], [1]]);
      await publish('room:5', 2);
      assert.deepEqual(ticks((await client.pollOn()).messages), [2]);
    });

    it('when a client gives up a poll and asks again', async () => {
      const client = await open();
      await client.join('room:6');
      for (let n = 0; n < 10; n++) {
        const gone = new AbortController();
        const poll = client.poll({ signal: gone.signal }).catch(() => undefined);
        const published = publish('room:6', n);
        if (n % 2 === 0) await published;
        gone.abort();
        const reply = (await poll)?.status === 200 ? await poll : undefined;
        await published;
        const seen = reply ?? (await client.pollOn());
        assert.deepEqual(ticks(seen.messages), [n]);
      }
    });

    it('when a client posts while it polls, over kept connections, in thousands', async () => {
      const client = await open();
      await client.join('room:8');
      const seen: unknown[] = [];
      const reader = (async () => {
        while (seen.length < 2000) {
          const { messages } = await client.poll();
          seen.push(...ticks(messages.filter((text) => text.includes('"tick"'))));
        }
      })();
      for (let n = 0; n < 2000; n++) {
        const published = publish('room:8', n);
        if (n % 100 !== 0) continue;
        await published;
        assert.equal((await client.post([null, n, 'phoenix', 'heartbeat', {}])).status, 200);
      }
      await reader;
      assert.deepEqual(seen, [...Array(2000).keys()]);
    });
  });

  describe('connections end', () => {
    it('when nobody polls for one and a half windows, and others are told', async () => {
      const left = await channel.listen('from:lobby:phx_leave');
      const client = await open();
      await client.join('lobby');
      assert.match((await left.payload('from:lobby:phx_leave')).toString(), /"socket"/);
      assert.equal((await client.poll()).status, 500);
      left.stop();
    });

    it('when a client reads too slowly', async () => {
      const client = await open();
      await client.join('room:9');
      const payload = JSON.stringify({ text: 'x'.repeat(10_000) });
      for (let n = 0; n < 10; n++) await channel.bus.publish('to:room:9:big', payload);
      const { status, code } = await client.poll();
      assert.deepEqual([status, code], [500, 4410]);
    });

    it('by a disconnect order, behind what was said before', async () => {
      const client = await open();
      const id = await client.join('room:10');
      await channel.bus.publish('to:room:10:last', '{}');
      await channel.bus.publish('plugmesh:disconnect', JSON.stringify({ id }));
      await eventually(async () => (await count('closes_total{code="1001"}')) > 0);
      assert.deepEqual((await client.pollOn()).messages, ['[null,null,"room:10","last",{}]']);
      const { status, code } = await client.poll();
      assert.deepEqual([status, code], [500, 1001]);
    });

    it('and a poll that waits hears it', async () => {
      const client = await open();
      const id = await client.join('room:11');
      const waiting = client.poll();
      await channel.bus.publish('plugmesh:disconnect', JSON.stringify({ id }));
      assert.equal((await waiting).status, 500);
    });
  });

  describe('limits and origins', () => {
    it('counts as a socket: one too many is told 500, upon which its client tries again', async () => {
      await eventually(async () => (await count('sockets')) === 0, { timeoutMs: 10_000 });
      const clients = await Promise.all([...Array(30)].map(() => open()));
      assert.equal(clients.length, 30);
      assert.equal((await new PollClient(channel.url).poll()).status, 500);
      const [status] = await RawClient.refusal(channel.socketUrl);
      assert.equal(status, 503);
      await eventually(async () => (await count('sockets')) === 0, { timeoutMs: 10_000 });
    });

    const preflight = (origin: string, path = 'longpoll'): Promise<Response> =>
      fetch(`${channel.url}/socket/${path}`, {
        method: 'OPTIONS',
        headers: {
          Origin: origin,
          'Access-Control-Request-Method': 'POST',
          'Access-Control-Request-Headers': 'content-type,x-phoenix-authtoken',
        },
      });

    it('lets pages of allowed origins in, preflights included', async () => {
      const { headers, status } = await preflight('https://app.example.com');
      assert.equal(status, 200);
      assert.equal(headers.get('access-control-allow-origin'), 'https://app.example.com');
      assert.match(headers.get('access-control-allow-headers') ?? '', /x-phoenix-authtoken/);
      assert.match(headers.get('access-control-allow-methods') ?? '', /POST/);
      const reply = await new PollClient(channel.url).poll({
        headers: { Origin: 'https://app.example.com' },
      });
      assert.equal(reply.status, 410);
      assert.equal(reply.headers.get('access-control-allow-origin'), 'https://app.example.com');
    });

    it('refuses others with 403, with a token too, and says nothing of them', async () => {
      assert.equal(
        (await preflight('https://evil.example')).headers.get('access-control-allow-origin'),
        null,
      );
      const client = await open();
      for (const token of ['', client.token]) {
        const reply = await client.poll({ token, headers: { Origin: 'https://evil.example' } });
        assert.equal(reply.status, 403);
        assert.equal(reply.headers.get('access-control-allow-origin'), null);
      }
    });

    it('gives tokens to allowed pages too', async () => {
      const origin = 'https://app.example.com';
      const asked = await preflight(origin, 'token');
      assert.equal(asked.headers.get('access-control-allow-origin'), origin);
      const made = await fetch(`${channel.url}/token`, {
        method: 'POST',
        body: '{"channel":"system"}',
        headers: { Origin: origin },
      });
      assert.equal(made.status, 200);
      assert.equal(made.headers.get('access-control-allow-origin'), origin);
    });

    it('never logs a token', async () => {
      const client = await open('vsn=2.0.0&token=its-own-secret');
      await client.join('room:12');
      await client.post(['j1', '9', 'silent', 'phx_join', { token: 'join-secret' }]);
      await client.take(1);
      assert.doesNotMatch(channel.output, /poll\.|its-own-secret|join-secret/);
    });
  });
});
