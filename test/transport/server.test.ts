/** The door for WebSockets: which path takes what, the client's hello, and the bounds of a client connection. */
import { connect, type Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket, type ClientOptions } from 'ws';
import {
  clientFrames,
  closeCodes,
  defaultLimits,
  packFrame,
  peerFrames,
  protocolVersion,
  type ClientFrame,
  type Offset,
} from '@callboard/client/protocol';
import { RealClock } from '../../src/node/ports/real-clock.ts';
import { RequestPolicy } from '../../src/transport/request-policy.ts';
import { tokenCheck } from '../../src/transport/tokens.ts';
import { CallFailed, RawClient } from '../lib/raw-client.ts';
import { until } from '../lib/until.ts';
import { quickLimits, TestNode, type NodeOptions } from './kit.ts';

async function withNode(options: NodeOptions, body: (node: TestNode) => Promise<void>): Promise<void> {
  const node = await TestNode.open('n', new Map(), options);
  try {
    await body(node);
  } finally {
    await node.close();
  }
}

/** Opens a WebSocket, sends these frames, and resolves with the close code. */
async function closedWith(url: string, ...frames: (Uint8Array | string)[]): Promise<number> {
  const socket = new WebSocket(url);
  socket.on('error', () => undefined);
  socket.on('open', () => {
    for (const frame of frames) socket.send(frame);
  });
  return new Promise((resolve) => {
    socket.on('close', resolve);
  });
}

/** The HTTP status with which an upgrade is refused; 101 if it is not. */
async function upgradeStatus(url: string, options: ClientOptions = {}): Promise<number> {
  const socket = new WebSocket(url, options);
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0);
      socket.terminate();
    });
    socket.on('open', () => {
      resolve(101);
      socket.terminate();
    });
  });
}

const hello = (changes: object = {}): Uint8Array => {
  const frame = { kind: 'hello', correlation: 1, version: protocolVersion, client: 'test', ...changes };
  return packFrame(clientFrames.encode(frame as ClientFrame));
};
const ping = packFrame(clientFrames.encode({ kind: 'ping', correlation: 5 }));

test('a client that says hello is answered and may call', async () => {
  await withNode({}, async (node) => {
    const client = await RawClient.connect(node.clientUrl);
    assert.equal(await client.call({ kind: 'ping' }), { kind: 'pong', correlation: 2 });
    const offsets = await Promise.all(
      Array.from({ length: 300 }, (_, n) => client.produce('t', 0, new Uint8Array(n))),
    );
    assert.equal(
      offsets,
      Array.from({ length: 300 }, (_, n) => n),
    );
    const { chunks } = await client.fetch('t', 0, 0 as Offset, 500_000);
    assert.is(chunks[0]?.length, 500_000);
    assert.is(node.clients[0]?.client, 'raw-client');
    client.close();
    await until('the node knows', () => node.ended.length === 1);
    assert.is(node.wire.clientCount, 0);
  });
});

test('a produced chunk keeps no more than twice its bytes in memory', async () => {
  await withNode({}, async (node) => {
    const client = await RawClient.connect(node.clientUrl);
    await client.produce('t', 0, new Uint8Array(700).fill(9));
    const [call] = node.calls;
    assert.ok(call?.kind === 'produce');
    assert.ok(call.chunk.buffer.byteLength <= 1_400, `${call.chunk.buffer.byteLength} bytes`);
    client.close();
  });
});

test('frames before the hello, a second hello and a wrong version end the connection with their code', async () => {
  await withNode({}, async (node) => {
    const { frame_invalid, version_mismatch } = closeCodes;
    assert.is(await closedWith(node.clientUrl, ping), frame_invalid);
    assert.is(await closedWith(node.clientUrl, hello(), hello()), frame_invalid);
    assert.is(await closedWith(node.clientUrl, hello({ version: 2 })), version_mismatch);
    assert.is(
      await closedWith(node.clientUrl, packFrame([32, 1, 77, 'another layout', 4])),
      version_mismatch,
    );
    assert.is(await closedWith(node.clientUrl, 'text'), frame_invalid);
    assert.is(await closedWith(node.clientUrl, hello(), 'text'), frame_invalid);
    assert.equal(node.calls, []);
  });
});

test('the last frame before a close tells why', async () => {
  await withNode({}, async (node) => {
    const client = await RawClient.connect(node.clientUrl);
    client.sendBytes(packFrame([39, 1, 'topic', -5, null, 0, new Uint8Array(1)]));
    await until('the end', () => client.ended !== undefined);
    assert.is(client.farewell?.code, 'frame_invalid');
    assert.match(client.farewell?.message ?? '', /^produce\.partition: /);
    assert.is(client.ended?.code, closeCodes.frame_invalid);
  });
});

test('A15: tokens are checked before anything is taken', async () => {
  await withNode({ server: { authenticate: tokenCheck(['right', 'also right']) } }, async (node) => {
    for (const token of [undefined, '', 'wrong', 'righ', 'right ']) {
      const attempt = RawClient.connect(node.clientUrl, token === undefined ? {} : { token });
      const error = await attempt.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert.instance(error, CallFailed, `token ${String(token)}`);
    }
    for (const token of ['right', 'also right']) (await RawClient.connect(node.clientUrl, { token })).close();
    assert.is(await closedWith(node.clientUrl, hello({ token: 'wrong' }), ping), closeCodes.auth_failed);
    assert.equal(node.calls, []);
  });
  assert.is(tokenCheck([])(undefined), true);
});

test('only the two paths are there: elsewhere the wish for a WebSocket is ignored', async () => {
  await withNode({}, async (node) => {
    for (const path of ['/', '/peers', '/client/', '/peer/..', '//client', '/admin']) {
      // The server of these tests answers every request.
      assert.is(await upgradeStatus(`ws://${node.address}${path}`), 200, path);
    }
    assert.is(await upgradeStatus(`ws://${node.address}/client?x=1`), 101);
  });
});

test("A14: a browser's page is refused unless it is the node's own or listed, and told why; on the peers' path always", async () => {
  const policy = new RequestPolicy({
    hosts: [],
    allowedOrigins: ['https://good.example'],
    clock: new RealClock(),
    refused: () => undefined,
  });
  await withNode({ server: { policy } }, async (node) => {
    const origin = (value: string): ClientOptions => ({ headers: { Origin: value } });
    const peerUrl = `ws://${node.address}/peer`;
    const answered = async (options: ClientOptions = {}): Promise<string> => {
      const client = new WebSocket(node.clientUrl, options);
      client.on('error', () => undefined);
      client.on('open', () => client.send(hello()));
      const first = await new Promise<string>((resolve) => {
        client.once('message', (data) => resolve((data as Buffer).toString('latin1')));
        client.once('close', (code) => resolve(`closed ${code}`));
      });
      client.terminate();
      return first;
    };
    for (const page of [{}, origin('https://good.example'), origin(`http://${node.address}`)]) {
      assert.not.match(await answered(page), /closed|origin_refused/);
    }
    for (const value of [
      'https://evil.example',
      'https://good.example.evil.example',
      'http://good.example',
      'null',
      '',
    ]) {
      const client = new WebSocket(node.clientUrl, origin(value));
      const frames: Buffer[] = [];
      client.on('message', (data) => frames.push(data as Buffer));
      const code = await new Promise<number>((resolve) => client.once('close', resolve));
      assert.is(code, closeCodes.origin_refused, value);
      assert.match(Buffer.concat(frames).toString('latin1'), /--allowed-origins/);
    }
    assert.is(await upgradeStatus(peerUrl, origin('https://good.example')), 403);
    assert.is(await upgradeStatus(peerUrl), 101);
    assert.is(await upgradeStatus(peerUrl, { headers: { Host: 'any.example' } }), 101);
    const elsewhere = new WebSocket(node.clientUrl, { headers: { Host: 'evil.example' } });
    const code = await new Promise<number>((resolve) => elsewhere.once('close', resolve));
    assert.is(code, closeCodes.host_refused);
  });
});

test('connections are capped per address and in total, and make room when they end', async () => {
  const limits = { ...quickLimits, clientConnections: 4 };
  await withNode({ limits, server: { connectionsPerAddress: 3 } }, async (node) => {
    const clients = await Promise.all([1, 2, 3].map(() => RawClient.connect(node.clientUrl)));
    assert.is(await upgradeStatus(node.clientUrl), 429);
    clients[0]?.close();
    await until('room', () => node.wire.clientCount === 2);
    (await RawClient.connect(node.clientUrl)).close();
    for (const client of clients) client.close();
  });
  await withNode({ limits: { ...limits, clientConnections: 1 } }, async (node) => {
    const client = await RawClient.connect(node.clientUrl);
    assert.is(await upgradeStatus(node.clientUrl), 503);
    client.close();
  });
});

test('one address alone may have nearly all connections, and leaves others their share', async () => {
  await withNode({ limits: { ...quickLimits, clientConnections: 10 } }, async (node) => {
    const from = (localAddress: string): Promise<RawClient> =>
      RawClient.connect(node.clientUrl, { socket: { localAddress } });
    const clients = await Promise.all(Array.from({ length: 8 }, () => from('127.0.0.2')));
    assert.is(await upgradeStatus(node.clientUrl, { localAddress: '127.0.0.2' }), 429);
    for (const localAddress of ['127.0.0.1', '127.0.0.3']) clients.push(await from(localAddress));
    assert.is(await upgradeStatus(node.clientUrl), 503);
    for (const client of clients) client.close();
    await until('room', () => node.wire.clientCount === 0);
    (await from('127.0.0.2')).close();
  });
});

test('A5: a connection that says no hello is closed when the deadline passes', async () => {
  await withNode({ limits: { ...quickLimits, handshakeMs: 50 } }, async (node) => {
    assert.is(await closedWith(node.clientUrl), closeCodes.timeout);
    assert.is(await closedWith(`ws://${node.address}/peer`), closeCodes.timeout);
    // One byte at a time is no hello either.
    const socket = new WebSocket(node.clientUrl);
    let raw: Socket | undefined;
    socket.on('upgrade', (response) => {
      raw = response.socket;
    });
    let code = 0;
    socket.on('close', (got) => {
      code = got;
    });
    await until('open', () => socket.readyState === WebSocket.OPEN);
    raw?.on('error', () => undefined);
    await until('closed by the deadline', () => {
      if (raw?.writable === true) raw.write(Uint8Array.of(0x82));
      return code !== 0 || socket.readyState === WebSocket.CLOSED;
    });
    assert.is(node.wire.clientCount, 0);
  });
});

test('A1: before the hello a few KiB are all that is taken, on both paths', async () => {
  await withNode({}, async (node) => {
    for (const url of [node.clientUrl, `ws://${node.address}/peer`]) {
      assert.is(await closedWith(url, new Uint8Array(5_000)), closeCodes.frame_too_large);
      assert.is(await closedWith(url, new Uint8Array(1_000_000)), closeCodes.frame_too_large);
    }
    assert.equal(
      node.trace.notes.filter((note) => note.level === 'error'),
      [],
    );
  });
});

test("A19: a peer's frames mean nothing on the clients' path, nor a client's on the peers'", async () => {
  await withNode({}, async (node) => {
    const bundle = packFrame(peerFrames.encode({ kind: 'peer-bundle', correlation: 0, envelopes: [] }));
    const peerHello = peerFrames.encode({
      kind: 'peer-hello',
      correlation: 0,
      version: protocolVersion,
      lane: 'bulk',
      from: 'x',
      to: 'n',
      clusterId: undefined,
      incarnation: 1,
      session: 1,
      nonce: new Uint8Array(32),
    });
    const invalid = closeCodes.frame_invalid;
    assert.is(await closedWith(node.clientUrl, hello(), bundle), invalid);
    assert.is(await closedWith(node.clientUrl, packFrame(peerHello)), invalid);
    assert.is(await closedWith(`ws://${node.address}/peer`, hello()), invalid);
    assert.is(await closedWith(`ws://${node.address}/peer`, bundle), invalid);
    assert.is(await closedWith(`ws://${node.address}/peer`, ping), invalid);
    assert.is(await closedWith(`ws://${node.address}/peer`, packFrame(peerHello), bundle), invalid);
    assert.equal([node.received, node.news], [[], []]);
  });
});

test('A5: a client that asks much and reads nothing is cut off, and no one else notices', async () => {
  await withNode({ server: { sweepMs: 50 } }, async (node) => {
    const healthy = await RawClient.connect(node.clientUrl);
    const greedy = await RawClient.connect(node.clientUrl);
    greedy.socket.pause();
    await until('the end of the greedy one', () => {
      for (let n = 0; n < 20 && node.ended.length === 0; n += 1) {
        greedy.send({ kind: 'fetch', topic: 't', partition: 0, offset: 0 as Offset, maxBytes: 200_000 });
      }
      return node.ended.length > 0;
    });
    assert.match(node.ended[0] ?? '', /takes nothing/);
    assert.equal(await healthy.call({ kind: 'ping' }), { kind: 'pong', correlation: 2 });
    healthy.close();
    greedy.socket.terminate();
  });
});

test('what is sent to a client all the same, above what may wait for it, ends its connection', async () => {
  await withNode({ server: { clientSendBytes: 100_000 } }, async (node) => {
    const client = await RawClient.connect(node.clientUrl);
    client.send({ kind: 'fetch', topic: 't', partition: 0, offset: 0 as Offset, maxBytes: 200_000 });
    await until('the end', () => node.ended.length > 0);
    assert.match(node.ended[0] ?? '', /does not read/);
    client.close();
  });
});

test('a client that has silently gone is noticed', async () => {
  await withNode({ server: { sweepMs: 30 } }, async (node) => {
    const client = await RawClient.connect(node.clientUrl);
    client.raw?.pause();
    await until('the node notices', () => node.ended.length === 1);
    client.socket.terminate();
  });
});

test('a client that is only idle stays', async () => {
  await withNode({ server: { sweepMs: 10 } }, async (node) => {
    const client = await RawClient.connect(node.clientUrl);
    let probes = 0;
    client.socket.on('ping', () => {
      probes += 1;
    });
    await until('many probes', () => probes > 10);
    assert.is(client.ended, undefined);
    client.close();
  });
});

test('who sends more frames than are handled per second is read more slowly, and has every answer', async () => {
  const limits = { ...defaultLimits, framesAtOnce: 10, clientFramesPerSecond: 1_000 };
  await withNode({ limits }, async (node) => {
    const hasty = await RawClient.connect(node.clientUrl);
    const answers = Array.from({ length: 200 }, () => hasty.call({ kind: 'ping' }));
    await answers[5];
    assert.ok(node.calls.length < 100, `${node.calls.length} were handled at once`);
    await Promise.all(answers);
    hasty.close();
  });
});

test('who does not take its answers is not read from, and goes on once it does', async () => {
  const limits = { ...defaultLimits, clientUnreadBytes: 4_096 };
  await withNode({ limits }, async (node) => {
    const deaf = await RawClient.connect(node.clientUrl);
    deaf.raw?.pause();
    const answers: Promise<unknown>[] = [];
    const ask = (): void => {
      for (let n = 0; n < 50; n += 1) {
        const where = { topic: 't', partition: 0, offset: 0 as Offset };
        answers.push(deaf.call({ kind: 'fetch', ...where, maxBytes: 100_000 }));
      }
    };
    let seen = -1;
    await until('nothing more is read', () => {
      const before = seen;
      seen = node.calls.length;
      ask();
      return seen > 0 && seen === before && answers.length > seen + 200;
    });
    assert.equal(node.ended, []);
    deaf.raw?.resume();
    await Promise.all(answers);
    assert.is(node.calls.length, answers.length);
    deaf.close();
  });
});

test('a node that stops says so', async () => {
  await withNode({}, async (node) => {
    const client = await RawClient.connect(node.clientUrl);
    node.wire.close();
    await until('the end', () => client.ended !== undefined);
    assert.is(client.ended?.code, closeCodes.unavailable);
    assert.is(client.farewell?.code, 'unavailable');
    assert.is(node.clients[0]?.send({ kind: 'pong', correlation: 1 }), 'gone');
  });
});

test("A6: a flood of strangers on the peers' path does not keep a peer out", async () => {
  await withNode({}, async (node) => {
    const strangers: Socket[] = [];
    for (let n = 0; n < 200; n += 1) {
      const raw = connect(node.port, '127.0.0.1');
      raw.on('error', () => undefined);
      raw.write(
        'GET /peer HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
      );
      strangers.push(raw);
    }
    const peer = await TestNode.open('z', new Map([['n', node.address]]));
    try {
      await until('the peer is linked', () => peer.links.isUp('n') && node.links.isUp('z'));
      assert.ok((node.links.inspect() as { pending: number }).pending <= 512);
    } finally {
      for (const raw of strangers) raw.destroy();
      await peer.close();
    }
  });
});

test("the node's limits are in its answer to the hello", async () => {
  await withNode({}, async (node) => {
    const socket = new WebSocket(node.clientUrl);
    const answer = new Promise<Buffer>((resolve) => {
      socket.on('message', (data) => resolve(data as Buffer));
    });
    socket.on('open', () => socket.send(hello()));
    const [type, , version, name, frameBytes, recordBytes, inflight] = (await import('msgpackr')).unpack(
      await answer,
    ) as unknown[];
    const { clientInflightBatches } = defaultLimits;
    assert.equal(
      [type, version, name, frameBytes, recordBytes, inflight],
      [33, 1, 'n', defaultLimits.frameBytes, defaultLimits.recordBytes, clientInflightBatches],
    );
    socket.terminate();
  });
});

test.run();
