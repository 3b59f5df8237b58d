import assert from 'node:assert/strict';
import { eventually } from '@plugmesh/shared/testing';
import { ChannelProcess } from '../support/channel-process.ts';
import { RawClient, responseOf } from '../support/raw-client.ts';

describe('an outage of Redis', function () {
  this.timeout(40_000);
  let channel: ChannelProcess;
  let client: RawClient;

  beforeEach(async () => {
    channel = await ChannelProcess.start();
    client = await RawClient.open(channel.socketUrl);
  });
  afterEach(async () => {
    client.close();
    await channel.stop();
  });

  it('ends memberships with phx_error; a join waits until the subscription is live again', async () => {
    await client.join('room:1');
    await channel.redis.kill();
    assert.deepEqual(await client.next(), ['j1', 'j1', 'room:1', 'phx_error', {}]);
    assert.equal((await fetch(`${channel.url}/readyz`)).status, 503);
    client.send(['j2', '1', 'room:1', 'phx_join', {}]);
    await channel.redis.resume();
    const reply = await client.answer();
    assert.deepEqual([reply[0], reply[4].status], ['j2', 'ok']);
    await client.next();
    await channel.bus.publish('to:room:1:tick', '{}');
    assert.deepEqual(await client.next(), [null, null, 'room:1', 'tick', {}]);
  });

  it('cancels a join that waits when its leave comes, and answers in order', async () => {
    await channel.redis.kill();
    await eventually(async () => !(await fetch(`${channel.url}/readyz`)).ok);
    client.send(
      ['j1', '1', 'room:1', 'phx_join', {}],
      ['j1', '2', 'room:1', 'phx_leave', {}],
      ['j2', '3', 'room:1', 'phx_join', {}],
    );
    assert.deepEqual((await client.answer()).slice(0, 2), ['j1', '2']);
    await channel.redis.resume();
    assert.deepEqual((await client.answer()).slice(0, 2), ['j2', '3']);
    await client.next();
    await channel.bus.publish('to:room:1:tick', '{}');
    await client.next();
    assert.deepEqual(await client.rest(), [], 'one membership gets one copy');
  });

  it('refuses a join when Redis stays away, so that the client tries again', async () => {
    await channel.redis.kill();
    await eventually(async () => !(await fetch(`${channel.url}/readyz`)).ok);
    client.send(['j1', '1', 'room:1', 'phx_join', {}]);
    const reply = await eventually(() => client.frames[0], { timeoutMs: 12_000 });
    assert.equal(responseOf(reply)['code'], 'MESH_REDIS_UNAVAILABLE');
  });

  it('drains with 1012 and ends with 0', async () => {
    const clients = await Promise.all([...Array(200)].map(() => RawClient.open(channel.socketUrl)));
    await channel.kill('SIGTERM');
    const codes = await Promise.all([client, ...clients].map((each) => each.closed()));
    assert.deepEqual(new Set(codes), new Set([1012]));
  });
});
