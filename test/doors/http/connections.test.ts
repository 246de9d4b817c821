/** Floods of connections and of requests on one connection: both are bounded, and healthy clients are served. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../lib/eventually.ts';
import { answersIn, forgetConnections, raw, send } from './client.ts';
import { openDoor } from './kit.ts';
import type { Answering, TestDoor, TestDoorOptions } from './kit.ts';

const names: Answering = (_, answer) => answer({ value: { op: 'topics', names: [] } });
const request = 'GET /topics HTTP/1.1\r\nhost: a\r\n\r\n';

async function withDoor(options: TestDoorOptions, run: (door: TestDoor) => Promise<void>): Promise<void> {
  const door = await openDoor(options);
  try {
    await run(door);
  } finally {
    forgetConnections();
    await door.close();
  }
}

function openCount(door: TestDoor): Promise<number> {
  return new Promise((resolve, reject) => {
    door.door.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}

class Flood {
  readonly sockets = new Set<Socket>();
  #closed = 0;

  get closed(): number {
    return this.#closed;
  }

  async add(door: TestDoor, count: number, text = '', from = '127.0.0.1'): Promise<void> {
    const opened = Array.from({ length: count }, async () => {
      const socket = connect({ host: '127.0.0.1', port: door.port, localAddress: from });
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => (this.#closed += 1));
      socket.resume();
      await once(socket, 'connect');
      if (text !== '') socket.write(text);
    });
    await Promise.allSettled(opened);
  }

  end(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

/** A healthy client with a new connection each time. */
async function served(door: TestDoor): Promise<void> {
  const [answer] = answersIn(
    await raw(door.base, request.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n')),
  );
  assert.is(answer?.status, 200);
}

test('5,000 silent connections displace each other and no client', async () => {
  const most = 200;
  await withDoor(
    { answering: names, limits: { clientConnections: 100, nodeConnections: most } },
    async (door) => {
      // A client that was there before and keeps its connection.
      const agentCall = (): Promise<{ status: number }> =>
        send(door.base, { method: 'GET', path: '/topics' });
      assert.is((await agentCall()).status, 200);
      const flood = new Flood();
      for (let round = 0; round < 5; round += 1) {
        await flood.add(door, 1_000);
        await served(door);
        assert.is((await agentCall()).status, 200);
        assert.ok((await openCount(door)) <= most + 1_000, 'closing takes a turn of the loop');
        for (const socket of flood.sockets) if (socket.destroyed) flood.sockets.delete(socket);
      }
      await eventually('only as many as are allowed are left', async () => (await openCount(door)) <= most);
      assert.ok(flood.closed >= 4_000, String(flood.closed));
      assert.ok(door.notes.includes('http.connection_dropped'));
      flood.end();
    },
  );
});

test('idle connections give way to new ones, the longest idle first; those at work do not', async () => {
  const held: (() => void)[] = [];
  const answering: Answering = (message, answer) => held.push(() => names(message, answer));
  await withDoor({ answering, limits: { clientConnections: 1, nodeConnections: 3 } }, async (door) => {
    const flood = new Flood();
    await flood.add(door, 3, request);
    await eventually('three calls run', () => held.length === 3);
    const late = connect({ host: '127.0.0.1', port: door.port });
    late.on('error', () => undefined);
    await once(late, 'close');
    assert.is(flood.closed, 0, 'the new one had to go');
    for (const answer of held.splice(0)) answer();
    await eventually('a new connection is taken', async () => {
      const another = connect({ host: '127.0.0.1', port: door.port });
      flood.sockets.add(another);
      another.on('error', () => undefined);
      another.write(request);
      return await eventually('its call runs', () => held.length > 0, 200);
    });
    assert.ok(flood.closed > 0);
    flood.end();
  });
});

test('one address with everything at work gives way to another: its slow requests first', async () => {
  await withDoor({ answering: names, limits: { clientConnections: 1, nodeConnections: 8 } }, async (door) => {
    const flood = new Flood();
    await flood.add(door, 8, 'POST /topics HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nx');
    await eventually('all are connected', async () => (await openCount(door)) === 8);
    const other = (): Promise<{ status: number }> =>
      send(door.base, { method: 'GET', path: '/topics', from: '127.0.0.2' });
    for (let round = 0; round < 3; round += 1) assert.is((await other()).status, 200);
    assert.ok(flood.closed > 0);
    assert.ok(flood.closed < 8, 'no more of them than had to');
    flood.end();
  });
});

test('places of known addresses are free for them, however many strangers hold one connection each', async () => {
  const known = '127.0.0.1';
  const crowd = async (
    door: TestDoor,
    flood: Flood,
    from: number,
    count: number,
    sends: string,
  ): Promise<void> => {
    for (let n = 0; n < count; n += 1) await flood.add(door, 1, sends, `127.0.1.${from + n}`);
  };
  await withDoor(
    {
      answering: names,
      // Nothing ends by its own slowness here.
      limits: { clientConnections: 1, nodeConnections: 8, httpHeadersMs: 60_000, httpRequestMs: 60_000 },
      door: { isKnown: (owner) => owner === known },
    },
    async (door) => {
      const flood = new Flood();
      const slow = 'POST /topics HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nx';
      await crowd(door, flood, 1, 8, slow);
      await eventually('all are connected', async () => (await openCount(door)) === 8);
      // A peer that has connected and not said anything yet.
      const peer = new Flood();
      await peer.add(door, 1);
      for (let round = 0; round < 3; round += 1) await served(door);
      await crowd(door, flood, 20, 8, slow);
      await served(door);
      assert.is(peer.closed, 0, 'it gives way to no stranger');
      // Known addresses have only so many such places.
      await peer.add(door, 200);
      await eventually('most of them are closed', () => peer.closed >= 201 - 8 - 64);
      flood.end();
      peer.end();
    },
  );
});

test('of the requests that one connection sends ahead only so many run at a time; the others are refused', async () => {
  const most = 16;
  const sent = 3_000;
  const held: (() => void)[] = [];
  let longest = 0;
  const answering: Answering = (message, answer) => {
    held.push(() => names(message, answer));
    longest = Math.max(longest, held.length);
  };
  await withDoor({ answering, limits: { httpPipelinedRequests: most } }, async (door) => {
    const socket = connect({ host: '127.0.0.1', port: door.port });
    let answers = '';
    socket.setEncoding('latin1').on('data', (text: string) => (answers += text));
    socket.write(request.repeat(sent));
    await eventually('requests wait', () => held.length === most);
    assert.is(answers, '', 'the refusals wait behind them');
    assert.is((await send(door.base, { method: 'GET', path: '/healthz' })).status, 200);
    await eventually('all are answered', () => {
      for (const answer of held.splice(0)) answer();
      return answers.split('HTTP/1.1 ').length - 1 === sent;
    });
    assert.is(longest, most);
    const found = answersIn(answers);
    assert.equal(new Set(found.slice(0, most).map(({ status }) => status)), new Set([200]));
    assert.is(found[most]?.body['code'], 'overloaded');
    socket.destroy();
  });
});

test.run();
