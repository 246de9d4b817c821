// timeout: 300 s
/** Attacks on live sockets, beside a client and a peer that must not notice. */
import { repeats } from '../lib/effort.ts';
import { connect } from 'node:net';
import { crc32, deflateRawSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  clientFrames,
  closeCodes,
  defaultLimits,
  packFrame,
  peerFrames,
  protocolVersion,
  type ClientFrame,
} from '@callboard/client/protocol';
import { SplitMix } from '../protocol/random.ts';
import { RawClient } from '../lib/raw-client.ts';
import { until } from '../lib/until.ts';
import { sendRaw, upgradeHead, wsFrame, type RawEnd } from './raw-socket.ts';
import { envelope, openPair, parcel, quickLimits, type NodeOptions } from './kit.ts';

const hello = packFrame(
  clientFrames.encode({ kind: 'hello', correlation: 1, version: protocolVersion, client: 'attacker' }),
);
const clientStart = [upgradeHead('/client'), wsFrame(hello)];

/** Two linked nodes and a client of the second, all working; `attack` must not disturb them. */
async function besides(attack: (port: number) => Promise<void>, options: NodeOptions = {}): Promise<void> {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', note);
  // Ordinary beats: what is tested here is that an attack does not delay them by much.
  const limits = { ...quickLimits, tickMs: 50 };
  const [a, b] = await openPair({ limits }, { limits, ...options });
  await until('the link', () => a.links.isUp('b') && b.links.isUp('a'));
  const client = await RawClient.connect(b.clientUrl);
  const work = { stop: false };
  let rounds = 0;
  const working = (async () => {
    while (!work.stop) {
      const body = new Uint8Array(1 + (rounds % 1_000)).fill(rounds & 0xff);
      assert.is(await client.produce('orders', 0, body), body.length);
      a.links.send(envelope(a, 'b', parcel(rounds)));
      a.links.flush();
      rounds += 1;
    }
  })();
  try {
    await attack(b.port);
    const before = rounds;
    await until('the client works on', () => rounds > before + 20);
    work.stop = true;
    await working;
    await until('all parcels', () => b.received.length === rounds);
    assert.equal([a.news, b.news], [['up b'], ['up a']], 'the link never went down');
    assert.is(client.ended, undefined);
    // A peer's parcels and the client's calls, and nothing that the attack had made up.
    assert.equal(
      b.numbers(),
      Array.from({ length: rounds }, (_, n) => n),
    );
    assert.equal(
      [...a.trace.notes, ...b.trace.notes].filter((one) => one.level === 'error'),
      [],
    );
    assert.equal(unhandled, []);
  } finally {
    work.stop = true;
    process.off('unhandledRejection', note);
    client.close();
    await a.close();
    await b.close();
  }
}

const FRAMES = repeats(2_000, 10_000);

test('A1: a frame that claims 2^63 bytes, and one byte above the limit', async () => {
  await besides(async (port) => {
    const huge = Uint8Array.of(0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const large = Uint8Array.of(0x82, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);
    const above = wsFrame(packFrame([39, new Uint8Array(defaultLimits.frameBytes)]));
    for (const frame of [huge, large, above]) {
      const ends = await Promise.all([
        sendRaw(port, [...clientStart, frame]),
        sendRaw(port, [upgradeHead('/client'), frame]),
        sendRaw(port, [upgradeHead('/peer'), frame]),
      ]);
      for (const end of ends) assert.equal(end, { status: 101, code: 1009 });
    }
  });
});

test('A2: compression is never agreed on, and compressed frames are refused unopened', async () => {
  await besides(async (port) => {
    const bomb = deflateRawSync(new Uint8Array(32 << 20));
    const before = process.memoryUsage().rss;
    const offer = upgradeHead('/client', 'Sec-WebSocket-Extensions: permessage-deflate');
    for (const head of [offer, upgradeHead('/client')]) {
      const end = await sendRaw(port, [head, wsFrame(hello), wsFrame(bomb.subarray(0, 60_000), 0xc2)]);
      assert.equal(end, { status: 101, code: 1002 });
    }
    assert.ok(process.memoryUsage().rss - before < 64 << 20);
  });
});

test('A3: a message in a million fragments ends early', async () => {
  await besides(async (port) => {
    const one = wsFrame(new Uint8Array(1), 0x02);
    const next = wsFrame(new Uint8Array(1), 0x00);
    const many = Buffer.concat(Array.from({ length: 20_000 }, () => next));
    for (const start of [clientStart, [upgradeHead('/client')], [upgradeHead('/peer')]]) {
      const end = await sendRaw(port, [...start, one, ...Array.from({ length: 50 }, () => many)]);
      assert.is(end.status, 101);
      assert.ok([0, 1008, 1009].includes(end.code), `code ${end.code}`);
    }
    const empty = Buffer.concat(Array.from({ length: 100_000 }, () => wsFrame(new Uint8Array(0), 0x00)));
    assert.ok(
      [0, 1008].includes(
        (await sendRaw(port, [...clientStart, wsFrame(new Uint8Array(0), 0x02), empty])).code,
      ),
    );
  });
});

test('A4: odd upgrade requests are refused or taken, or answered as plain ones, and nothing else', async () => {
  await besides(async (port) => {
    const headers = (count: number): string[] => Array.from({ length: count }, (_, n) => `X-${n}: 1`);
    const heads = [
      upgradeHead('/client', ...headers(3_000)),
      upgradeHead('/client', ...headers(500)),
      upgradeHead('/client', 'Sec-WebSocket-Extensions: constructor'),
      upgradeHead('/client', 'Sec-WebSocket-Extensions: __proto__; toString=1, ,,'),
      upgradeHead(
        '/client',
        `Sec-WebSocket-Protocol: ${Array.from({ length: 900 }, (_, n) => `p${n}`).join(',')}`,
      ),
      upgradeHead('/client', `X-Long: ${'x'.repeat(100_000)}`),
      upgradeHead('/client', 'Sec-WebSocket-Key: AAAA'),
      upgradeHead('/client').replace('Version: 13', 'Version: 99'),
      upgradeHead('/client').replace('GET', 'POST'),
      upgradeHead('/client').replace('HTTP/1.1', 'HTTP/1.0'),
      upgradeHead('*'),
      upgradeHead('http://[::bad/client'),
      upgradeHead('/%00client'),
    ];
    for (const head of heads) {
      const { status } = await sendRaw(port, [head, wsFrame(new Uint8Array(1))]);
      assert.ok([0, 101, 200, 400, 404, 405, 426, 431].includes(status), `${head.slice(0, 60)}: ${status}`);
    }
  });
});

test('A5: a request head that never ends is cut off', async () => {
  const http = { headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 20 };
  await besides(
    async (port) => {
      const ends = Array.from({ length: 50 }, (_, n) =>
        sendRaw(port, [upgradeHead('/client').slice(0, 5 + n * 3)]),
      );
      for (const end of await Promise.all(ends)) assert.ok([0, 408].includes(end.status));
    },
    { http },
  );
});

test('A5: connections that stop in the middle of a frame end with the hello deadline', async () => {
  await besides(
    async (port) => {
      const part = wsFrame(hello).subarray(0, 9);
      const ends = await Promise.all([
        ...Array.from({ length: 40 }, () => sendRaw(port, [upgradeHead('/client'), part])),
        sendRaw(port, [upgradeHead('/peer'), part]),
      ]);
      for (const end of ends) assert.is(end.code, closeCodes.timeout);
    },
    { limits: { ...quickLimits, tickMs: 50, handshakeMs: 300 } },
  );
});

test('A7 to A11: hostile values in otherwise good frames end their own connection only', async () => {
  await besides(async (port) => {
    const deep = new Uint8Array(500_000).fill(0x91);
    const hostile = [
      Uint8Array.of(0x92, 0x27, 0x81, 0xa9, ...Buffer.from('__proto__'), 0xc0),
      Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff),
      Uint8Array.of(0x91, 0xc6, 0xff, 0xff, 0xff, 0xff),
      deep,
      Uint8Array.of(0x91, 0xd4, 0x72, 0x40),
      Uint8Array.of(0x91, 0xd6, 0x69, 0, 0, 0, 1),
      Uint8Array.of(0x91, 0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
      Uint8Array.of(0x91, 0xc1),
      Uint8Array.of(0x91, 0xa2, 0xff, 0xff),
      Uint8Array.of(0x90, 0x90),
    ];
    for (const bytes of hostile) {
      assert.is((await sendRaw(port, [...clientStart, wsFrame(bytes)])).code, closeCodes.frame_invalid);
    }
  });
});

/** Frames of every kind, right and wrong, as a stranger might send them. */
function hostileFrame(random: SplitMix): Uint8Array {
  const client: ClientFrame[] = [
    {
      kind: 'produce',
      correlation: 9,
      topic: 'orders',
      partition: 0,
      acks: 'quorum',
      chunk: random.bytes(40),
    },
    { kind: 'fetch', correlation: 9, topic: 'orders', partition: 0, offset: 0 as never, maxBytes: 100 },
    { kind: 'metadata', correlation: 9, topics: ['x'] },
    { kind: 'create-topic', correlation: 9, topic: 'x', partitions: 1e9 },
  ];
  const forged = {
    fromShard: 0,
    fromId: 'sender',
    toShard: 0,
    toId: 'receiver',
    lane: 'control',
    payload: [1, 666, 'forged', new Uint8Array(1)],
  } as const;
  const right = random.pick([
    ...client.map((frame) => packFrame(clientFrames.encode(frame))),
    packFrame(peerFrames.encode({ kind: 'peer-bundle', correlation: 0, envelopes: [forged] })),
    packFrame(peerFrames.encode({ kind: 'peer-proof', correlation: 0, proof: random.bytes(32) })),
    packFrame(
      peerFrames.encode({ kind: 'peer-ping', correlation: crc32(random.bytes(4)), clusterId: undefined }),
    ),
  ]);
  return random.chance(0.7)
    ? random.mutate(right)
    : random.chance(0.5)
      ? right
      : random.bytes(random.below(200));
}

test(`${FRAMES} hostile frames on both paths leave a healthy client, a healthy peer and the node as they were`, async () => {
  const random = new SplitMix(10_000);
  await besides(async (port) => {
    const codes = new Map<number, number>();
    const attack = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n += 1) {
        const start = random.pick([
          clientStart,
          clientStart,
          [upgradeHead('/client')],
          [upgradeHead('/peer')],
        ]);
        const parts = [...start, wsFrame(hostileFrame(random)), wsFrame(Uint8Array.of(0xc1))];
        // The last frame is never right, so that every connection comes to its end.
        const end: RawEnd = await sendRaw(port, [Buffer.concat(parts.map((part) => Buffer.from(part)))]);
        codes.set(end.code, (codes.get(end.code) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 20 }, () => attack(FRAMES / 20)));
    const { frame_invalid, frame_too_large, auth_failed, version_mismatch } = closeCodes;
    for (const code of codes.keys()) {
      assert.ok(
        [frame_invalid, frame_too_large, auth_failed, version_mismatch, 0].includes(code),
        `code ${code}`,
      );
    }
    assert.ok((codes.get(frame_invalid) ?? 0) > FRAMES * 0.8);
  });
});

test('A26: a client that floods is answered or cut off, and the beats of the peers go on', async () => {
  await besides(async (port) => {
    const ping = wsFrame(packFrame(clientFrames.encode({ kind: 'ping', correlation: 7 })));
    const flood = Buffer.concat(Array.from({ length: 20_000 }, () => ping));
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    let closed = false;
    socket.on('close', () => {
      closed = true;
    });
    for (const part of clientStart) socket.write(part);
    let left = 10;
    const more = (): void => {
      left -= 1;
      if (left > 0) socket.write(flood, more);
    };
    more();
    // Nothing is read: the answers pile up at the node until it has enough.
    socket.pause();
    await until('the flood is over', () => closed || left <= 0, 60_000);
    socket.destroy();
  });
});

test('A19: an authenticated peer that turns bad loses its link, and gets it back when it is good again', async () => {
  const [a, b] = await openPair({
    links: { codec: { encode: () => [1, 1, 'x', new Uint8Array(0)], decode: () => 0 } },
  });
  try {
    await until('the link', () => a.links.isUp('b') && b.links.isUp('a'));
    const [socket] = b.sockets;
    // As if the peer had lost its mind: bytes that are no frame, in its own connection.
    socket?.emit('data', Buffer.from(wsFrame(Uint8Array.of(0x91, 0xc1))));
    await until('down and up again', () => b.news.length === 3 && b.links.isUp('a'));
    assert.equal(b.news, ['up a', 'down a', 'up a']);
  } finally {
    await a.close();
    await b.close();
  }
});

test.run();
