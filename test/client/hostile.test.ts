/** A server that breaks the protocol: nothing wrong reaches the user, nothing crashes, and the next connection is a fresh start. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, type Client, type ClientStatus } from '@callboard/client';
import { nodeFrames, packFrame, sealChunk, type NodeFrame } from '@callboard/client/protocol';
import { crc32 } from '../../src/node/ports/crc32.ts';
import { eventually } from '../lib/eventually.ts';
import { withFakes, type FakeCluster, type FakeConnection, type Hook } from './fake-cluster.ts';
import { fill, numbers, rejected, valuesOf } from './kit.ts';

interface Setting {
  readonly client: Client;
  readonly cluster: FakeCluster;
  readonly reasons: () => string[];
}

async function setting(run: (setting: Setting) => Promise<void>): Promise<void> {
  await withFakes(1, async (cluster) => {
    const news: ClientStatus[] = [];
    await using client = await connect(cluster.urls, { onStatus: (status) => news.push(status) });
    cluster.createTopic('t', 1);
    const reasons = (): string[] =>
      news.flatMap((status) => (status.kind === 'reconnecting' ? status.reason : []));
    await run({ client, cluster, reasons });
  });
}

/** Answers the first frame of a kind with what `answer` sends, and serves everything else. */
function once(kind: string, answer: (connection: FakeConnection, correlation: number) => void): Hook {
  let done = false;
  return (frame, connection) => {
    if (done || frame.kind !== kind) return false;
    done = true;
    answer(connection, frame.correlation);
    return true;
  };
}

const bytesOf = (frame: NodeFrame): Uint8Array => packFrame(nodeFrames.encode(frame));
const produced = (correlation: number): NodeFrame => ({
  kind: 'produced',
  correlation,
  baseOffset: 77 as never,
});

test('frames that are none, or answer what was never asked, end the connection and are survived', async () => {
  const attacks: readonly (readonly [
    string,
    RegExp,
    (connection: FakeConnection, correlation: number) => void,
  ])[] = [
    ['no bytes', /broke the protocol/, (to) => to.sendBytes(new Uint8Array(0))],
    ['noise', /broke the protocol/, (to) => to.sendBytes(new Uint8Array([0xc1, 0xff, 0x00]))],
    ['text', /broke the protocol/, (to) => to.socket.send('produced')],
    ['a frame cut short', /broke the protocol/, (to, c) => to.sendBytes(bytesOf(produced(c)).slice(0, -1))],
    [
      'a frame with more behind it',
      /broke the protocol/,
      (to, c) => to.sendBytes(new Uint8Array([...bytesOf(produced(c)), 0])),
    ],
    ['an unknown type', /broke the protocol/, (to, c) => to.sendBytes(packFrame([94, c]))],
    ['a field too few', /broke the protocol/, (to, c) => to.sendBytes(packFrame([40, c]))],
    ['an offset that is none', /broke the protocol/, (to, c) => to.sendBytes(packFrame([40, c, -5]))],
    ['a map', /broke the protocol/, (to) => to.sendBytes(new Uint8Array([0x92, 0x28, 0x80]))],
    ['the answer to a call that was never made', /never made/, (to, c) => to.send(produced(c + 1_000))],
    [
      'an answer of the wrong kind',
      /answers a call for produced/,
      (to, correlation) => to.send({ kind: 'pong', correlation }),
    ],
    ['a second hello', /hello-reply/, (to, c) => to.node.greet(c, to)],
    ['a frame above every limit', /./, (to) => to.sendBytes(new Uint8Array(3 << 20))],
    ['the end, halfway through', /./, (to) => to.socket.terminate()],
  ];
  await setting(async ({ client, cluster, reasons }) => {
    await using producer = client.producer('t');
    for (const [i, [name, reason, attack]] of attacks.entries()) {
      cluster.node(0).hook = once('produce', attack);
      const { offset } = await producer.send({ value: name });
      assert.is(offset, i, name);
      assert.is(reasons().length, i + 1, name);
      assert.match(reasons().at(-1) ?? '', reason, name);
    }
    assert.equal(
      valuesOf(cluster, 't', 0),
      attacks.map(([name]) => name),
    );
  });
});

test('late and repeated answers change nothing', async () => {
  await setting(async ({ client, cluster, reasons }) => {
    await using producer = client.producer('t');
    cluster.node(0).hook = (frame, connection) => {
      if (frame.kind !== 'produce') return false;
      connection.node.serve(frame, connection);
      connection.node.serve(frame, connection);
      connection.fail(frame.correlation, 'not_leader');
      connection.send(produced(frame.correlation));
      return true;
    };
    const sent = await producer.sendBatch(numbers(5).map((value) => ({ value })));
    assert.equal(
      sent.map(({ offset }) => offset),
      [0, 1, 2, 3, 4],
    );
    assert.is((await producer.send({ value: '5' })).offset, 5);
    assert.equal(reasons(), []);
  });
});

test('who speaks another version or does not know the token is told apart, at once', async () => {
  await withFakes(1, async (cluster) => {
    for (const [code, closeCode] of [
      ['auth_failed', 4401],
      ['version_mismatch', 4426],
    ] as const) {
      cluster.node(0).hook = (frame, connection) => {
        connection.fail(0, code, { message: 'the reason' });
        connection.socket.close(closeCode);
        return frame.kind === 'hello';
      };
      const error = await rejected(connect(cluster.urls));
      assert.is(error.code, code);
      assert.match(error.message, /the reason/);
    }
    cluster.node(0).hook = (frame, connection) => {
      const { correlation } = frame;
      connection.send({
        kind: 'hello-reply',
        correlation,
        version: 9,
        node: 'x',
        frameBytes: 1,
        recordBytes: 1,
        inflightBatches: 1,
      });
      return true;
    };
    assert.is((await rejected(connect(cluster.urls))).code, 'version_mismatch');
  });
});

/** Replaces what the first deliveries after `healthy` good chunks carry. */
type Damage = (chunk: Uint8Array, deliver: (...chunks: Uint8Array[]) => void, next: Uint8Array) => void;

const damages: readonly (readonly [string, Damage])[] = [
  [
    'a flipped bit in a body',
    (chunk, deliver) => deliver(chunk.with(chunk.length - 1, (chunk.at(-1) ?? 0) ^ 1)),
  ],
  ['a flipped bit in a header', (chunk, deliver) => deliver(chunk.with(70, (chunk[70] ?? 0) ^ 1))],
  ['a chunk cut short', (chunk, deliver) => deliver(chunk.slice(0, -3))],
  ['a chunk left out', (_chunk, deliver, next) => deliver(next)],
  ['a chunk twice', (chunk, deliver) => deliver(chunk, chunk)],
  ['a chunk of another log', (chunk, deliver) => deliver(resealed(chunk, { group: 99 }))],
  [
    'a chunk that does not continue the chain',
    (chunk, deliver) => deliver(resealed(chunk, { previousChecksum: 1 })),
  ],
  ['records whose lengths lie', (chunk, deliver) => deliver(lying(chunk))],
];

/** A chunk that is sound by its checksums, with other fields of the leader's part. */
function resealed(
  chunk: Uint8Array,
  change: { readonly group?: number; readonly previousChecksum?: number },
): Uint8Array {
  const bytes = chunk.slice();
  const view = new DataView(bytes.buffer);
  sealChunk(
    bytes,
    {
      group: (change.group ?? view.getUint32(60, true)) as never,
      term: 1 as never,
      index: view.getUint32(72, true) as never,
      baseOffset: view.getUint32(80, true) as never,
      previousChecksum: change.previousChecksum ?? view.getUint32(88, true),
    },
    crc32,
  );
  return bytes;
}

/** A body with a sound checksum whose first record claims to be longer than everything. */
function lying(chunk: Uint8Array): Uint8Array {
  const bytes = chunk.slice();
  const view = new DataView(bytes.buffer);
  view.setUint32(96, 0x7fffffff, true);
  view.setUint32(56, crc32(bytes.subarray(96)), true);
  return resealed(bytes, {});
}

test('chunks that are damaged, missing, repeated or of another log never reach the user', async () => {
  for (const [name, damage] of damages) {
    await setting(async ({ client, cluster, reasons }) => {
      await fill(client, 't', 0, 60, 10);
      const { chunks } = cluster.partition('t', 0);
      cluster.node(0).hook = once('subscribe', (connection, correlation) => {
        const at = (i: number): Uint8Array => chunks[i]?.bytes ?? new Uint8Array(0);
        const deliver = (...some: Uint8Array[]): void =>
          connection.send({ kind: 'delivery', correlation, end: 60 as never, chunks: some });
        connection.send({ kind: 'subscribed', correlation, offset: 0 as never, end: 60 as never });
        deliver(at(0), at(1));
        damage(at(2), deliver, at(3));
      });
      await using consumer = client.consumer('t', { id: 'c', ack: 'auto' });
      const seen: string[] = [];
      for await (const record of consumer) if (seen.push(record.text()) === 60) break;
      assert.equal(seen, numbers(60), name);
      assert.is(reasons().length, 1, name);
      assert.match(reasons()[0] ?? '', /broke the protocol/, name);
    });
  }
});

test('deliveries beyond the credit, or before the subscription, are not taken', async () => {
  await setting(async ({ client, cluster, reasons }) => {
    await fill(client, 't', 0, 60, 10);
    const { chunks } = cluster.partition('t', 0);
    const all = chunks.map(({ bytes }) => bytes);
    for (const [round, greets] of [true, false].entries()) {
      cluster.node(0).hook = once('subscribe', (connection, correlation) => {
        if (greets) {
          connection.send({ kind: 'subscribed', correlation, offset: 0 as never, end: 60 as never });
        }
        connection.send({ kind: 'delivery', correlation, end: 60 as never, chunks: all });
      });
      await using consumer = client.consumer('t', { from: 'earliest', credit: { records: 25 } });
      const seen: string[] = [];
      for await (const record of consumer) if (seen.push(record.text()) === 60) break;
      assert.equal(seen, numbers(60));
      assert.is(reasons().length, round + 1);
      assert.match(reasons().at(-1) ?? '', greets ? /beyond the credit/ : /before the subscription/);
    }
  });
});

test('500 clients that lose their node at once come back, each with one connection, and are all served', async () => {
  await withFakes(2, async (cluster) => {
    cluster.createTopic('t', 1);
    const count = 500;
    const clients = await Promise.all(
      Array.from({ length: count }, () => connect(cluster.urls, { direct: false })),
    );
    const open = (): number => cluster.nodes.reduce((sum, node) => sum + node.connections.size, 0);
    await eventually('all are connected', () => open() === count);
    for (let round = 0; round < 2; round += 1) {
      const before = cluster.frames.filter((kind) => kind === 'hello').length;
      for (const node of cluster.nodes) for (const { socket } of node.connections) socket.terminate();
      const sends = clients.map((client, i) => client.producer('t').send({ value: `${round} ${i}` }));
      await Promise.all(sends);
      await eventually('all are back', () => open() === count);
      const hellos = cluster.frames.filter((kind) => kind === 'hello').length - before;
      assert.is(hellos, count, 'one connection each');
    }
    assert.is(new Set(valuesOf(cluster, 't', 0)).size, 2 * count);
    await Promise.all(clients.map((client) => client.close()));
    await eventually('all are gone', () => open() === 0);
  });
});

test.run();
