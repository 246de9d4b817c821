/** Links between nodes over real sockets on loopback. */
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '../lib/until.ts';
import { envelope, openPair, parcel, quickLimits, TestNode, type NodeOptions } from './kit.ts';

async function linked(...nodes: TestNode[]): Promise<void> {
  await until('all links up', () =>
    nodes.every((node) => nodes.every((peer) => peer === node || node.links.isUp(peer.name))),
  );
}

async function withPair(
  first: NodeOptions,
  second: NodeOptions,
  body: (a: TestNode, b: TestNode) => Promise<void>,
): Promise<void> {
  const [a, b] = await openPair(first, second);
  try {
    await linked(a, b);
    await body(a, b);
  } finally {
    await a.close();
    await b.close();
  }
}

/** A TCP relay that can stop passing anything on without closing anything: a half-open connection. */
class Relay {
  readonly server: Server;
  readonly #pairs: [Socket, Socket][] = [];
  #frozen = false;
  port = 0;

  constructor(target: number) {
    this.server = createServer((near) => {
      const far = connect(target, '127.0.0.1');
      this.#pairs.push([near, far]);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        from.on('data', (chunk) => {
          if (!this.#frozen) to.write(chunk);
        });
        from.on('error', () => undefined);
        from.on('close', () => {
          if (!this.#frozen) to.destroy();
        });
      }
    });
  }

  static async open(target: number): Promise<Relay> {
    const relay = new Relay(target);
    await new Promise<void>((resolve) => {
      relay.server.listen(0, '127.0.0.1', resolve);
    });
    relay.port = (relay.server.address() as AddressInfo).port;
    return relay;
  }

  freeze(): void {
    this.#frozen = true;
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }
}

test('two nodes that know each other get one link, opened by the lower name', async () => {
  await withPair({}, {}, async (a, b) => {
    const { links: ofA } = a.links.inspect() as { links: Record<string, { dialed: boolean }> };
    const { links: ofB } = b.links.inspect() as { links: Record<string, { dialed: boolean }> };
    assert.is(ofA['b']?.dialed, true);
    assert.is(ofB['a']?.dialed, false);
    assert.equal([a.news, b.news], [['up b'], ['up a']]);
  });
});

test('a message arrives with its addresses, its lane and its content', async () => {
  await withPair({}, {}, async (a, b) => {
    const sent = envelope(a, 'b', parcel(7, 300), 'data');
    assert.is(a.links.send(sent), 'accepted');
    a.links.flush();
    await until('the parcel', () => b.received.length === 1);
    const [got] = b.received;
    assert.equal(got, sent);
  });
});

test('each lane keeps its order, across many frames and both sizes', async () => {
  await withPair({}, {}, async (a, b) => {
    for (let n = 0; n < 2_000; n += 1) {
      const bytes = n % 50 === 0 ? 200_000 : n % 7;
      a.links.send(envelope(a, 'b', parcel(n, bytes), n % 2 === 0 ? 'data' : 'control'));
      if (n % 10 === 0) a.links.flush();
      if (n % 100 === 99) await until('room', () => b.received.length > n - 200);
    }
    a.links.flush();
    await until('all parcels', () => b.received.length === 2_000);
    for (const lane of ['data', 'control'] as const) {
      const numbers = b.received
        .filter((got) => got.lane === lane)
        .map((got) => (got.message as { number: number }).number);
      assert.equal(
        numbers,
        numbers.toSorted((x, y) => x - y),
      );
    }
  });
});

test('both sides can send at the same time', async () => {
  await withPair({}, {}, async (a, b) => {
    for (let n = 0; n < 200; n += 1) {
      a.links.send(envelope(a, 'b', parcel(n)));
      b.links.send(envelope(b, 'a', parcel(n)));
    }
    a.links.flush();
    b.links.flush();
    await until('all parcels', () => a.received.length === 200 && b.received.length === 200);
    assert.equal(a.numbers(), b.numbers());
  });
});

test('large byte strings, which leave in pieces, arrive whole among small ones, whoever dialed', async () => {
  await withPair({}, {}, async (a, b) => {
    const sizes = [3, 8_191, 8_192, 9_000, 65_520, 70_000, 300_000];
    for (let n = 0; n < 70; n += 1) {
      for (const [from, to] of [
        [a, 'b'],
        [b, 'a'],
      ] as const) {
        from.links.send(envelope(from, to, parcel(n, sizes[n % sizes.length]), 'data'));
        if (n % 3 !== 0) from.links.flush();
      }
      await until('room', () => a.received.length > n - 10 && b.received.length > n - 10);
    }
    a.links.flush();
    b.links.flush();
    await until('all parcels', () => a.received.length === 70 && b.received.length === 70);
    for (const node of [a, b]) {
      for (const [n, got] of node.received.entries()) {
        const { number, bytes } = got.message as { number: number; bytes: Uint8Array };
        const sent = parcel(n, sizes[n % sizes.length]).bytes;
        assert.is(number, n);
        assert.is(Buffer.compare(bytes, sent), 0, `${sent.byteLength} bytes`);
      }
    }
  });
});

test('nothing leaves before the flush', async () => {
  await withPair({}, {}, async (a, b) => {
    a.links.send(envelope(a, 'b', parcel(1)));
    b.links.send(envelope(b, 'a', parcel(2)));
    b.links.flush();
    await until('the flushed one', () => a.received.length === 1);
    assert.equal(b.received, []);
    a.links.flush();
    await until('the other one', () => b.received.length === 1);
  });
});

test('a message to a node without a link is gone', async () => {
  await withPair({}, {}, async (a) => {
    assert.is(a.links.send(envelope(a, 'nobody', parcel(1))), 'gone');
    a.links.close();
    assert.is(a.links.send(envelope(a, 'b', parcel(1))), 'gone');
  });
});

test('a link refuses at its byte bound, keeps what it took, and takes again when there is room', async () => {
  const limits = { ...quickLimits, tickMs: 500, peerLinkBytes: 9 << 20 };
  await withPair({ limits }, { limits }, async (a, b) => {
    for (const socket of b.sockets) socket.pause();
    let accepted = 0;
    const size = 100_000;
    await until('the link is full', () => {
      for (let n = 0; n < 10; n += 1) {
        const result = a.links.send(envelope(a, 'b', parcel(accepted, size), 'data'));
        a.links.flush();
        if (result === 'full') return true;
        assert.is(result, 'accepted');
        accepted += 1;
      }
      return false;
    });
    const { links } = a.links.inspect() as { links: Record<string, { bulkBytes: number }> };
    assert.ok((links['b']?.bulkBytes ?? 0) <= 9 << 20);
    assert.is(
      a.links.send(envelope(a, 'b', parcel(0))),
      'accepted',
      'control is not refused because bulk is full',
    );
    for (const socket of b.sockets) socket.resume();
    a.links.flush();
    await until('everything that was taken', () => b.received.length === accepted + 1);
    assert.is(a.links.send(envelope(a, 'b', parcel(accepted, size), 'data')), 'accepted');
  });
});

test('a message that fits no frame is refused and reported', async () => {
  await withPair({}, {}, async (a, b) => {
    assert.is(a.links.send(envelope(a, 'b', parcel(1, quickLimits.frameBytes))), 'full');
    assert.is(a.trace.events('peer.message-too-large').length, 1);
    a.links.send(envelope(a, 'b', parcel(2)));
    a.links.flush();
    await until('the next one', () => b.received.length === 1);
  });
});

test('a route that sends all to control is overruled for what does not fit there', async () => {
  await withPair({ links: { route: () => 'control' } }, {}, async (a, b) => {
    a.links.send(envelope(a, 'b', parcel(1, 1 << 20)));
    a.links.flush();
    await until('the large one', () => b.received.length === 1);
  });
});

test('a peer that dies is news at once, and is dialed again until it is back', async () => {
  const [a, b] = await openPair();
  try {
    await linked(a, b);
    await b.kill();
    await until('the news', () => a.news.at(-1) === 'down b');
    assert.is(a.links.send(envelope(a, 'b', parcel(1))), 'gone');
    const peers = new Map([['a', a.address]]);
    const again = await TestNode.open('b', peers, { port: b.port, links: { incarnation: 2 } });
    try {
      await linked(a, again);
      assert.equal(a.news, ['up b', 'down b', 'up b']);
      a.links.send(envelope(a, 'b', parcel(2)));
      a.links.flush();
      await until('a parcel over the new link', () => again.received.length === 1);
    } finally {
      await again.close();
    }
  } finally {
    await a.close();
  }
});

test('a link that only seems to be there is found by its silence, on both sides', async () => {
  const b = await TestNode.open('b');
  const relay = await Relay.open(b.port);
  const a = await TestNode.open('a', new Map([['b', `127.0.0.1:${relay.port}`]]));
  try {
    await linked(a, b);
    relay.freeze();
    await until('both notice', () => a.news.includes('down b') && b.news.includes('down a'));
  } finally {
    await a.close();
    await b.close();
    await relay.close();
  }
});

test('a link without traffic stays up', async () => {
  await withPair({}, {}, async (a, b) => {
    const socket = [...b.sockets][0];
    const before = socket?.bytesRead ?? 0;
    await until('many pings', () => (socket?.bytesRead ?? 0) > before + 300);
    assert.equal([a.news, b.news], [['up b'], ['up a']]);
  });
});

test('a new node dials a cluster that does not know it yet', async () => {
  const a = await TestNode.open('a');
  const z = await TestNode.open('z', new Map([['a', a.address]]));
  try {
    await linked(a, z);
    a.links.send(envelope(a, 'z', parcel(1)));
    a.links.flush();
    await until('a parcel the other way', () => z.received.length === 1);
  } finally {
    await a.close();
    await z.close();
  }
});

test('a restarted peer takes the place of its earlier life, down before up', async () => {
  const a = await TestNode.open('a');
  const peers = new Map([['a', a.address]]);
  const first = await TestNode.open('z', peers);
  try {
    await linked(a, first);
    const second = await TestNode.open('z', peers, { links: { incarnation: 2 } });
    try {
      await until('the newer one is linked', () => a.news.length === 3 && second.links.isUp('a'));
      assert.equal(a.news, ['up z', 'down z', 'up z']);
      await until('the older one knows', () => first.news.at(-1) === 'down a');
      assert.is(a.links.isUp('z'), true);
      await until('the older one is refused', () =>
        a.trace.events('peer.refused').some((note) => note.fields?.['code'] === 'fenced'),
      );
      assert.is(second.links.isUp('a'), true);
    } finally {
      await second.close();
    }
  } finally {
    await first.close();
    await a.close();
  }
});

test('nodes of different clusters do not link, and unlink when the founding shows that they differ', async () => {
  const a = await TestNode.open('a', new Map(), { links: { clusterId: 'one' } });
  const other = await TestNode.open('x', new Map([['a', a.address]]), { links: { clusterId: 'two' } });
  const fresh = await TestNode.open('y', new Map([['a', a.address]]));
  try {
    await linked(a, fresh);
    await until('the refusal', () =>
      a.trace.events('peer.refused').some((note) => note.fields?.['code'] === 'cluster_mismatch'),
    );
    assert.is(a.links.isUp('x'), false);
    fresh.links.clusterId = 'three';
    await until('the link ends', () => a.news.includes('down y'));
  } finally {
    await fresh.close();
    await other.close();
    await a.close();
  }
});

test('a message that the receiver cannot read is dropped alone', async () => {
  const codec = {
    encode: (_id: string, value: unknown) => value as unknown[],
    decode: (_id: string, wire: readonly unknown[]) => wire,
  };
  await withPair({ links: { codec } }, {}, async (a, b) => {
    const to = (message: unknown) => ({ ...envelope(a, 'b', parcel(0)), message });
    a.links.send(to([99, 'nobody knows this']));
    a.links.send(to([1, 5, 'text', new Uint8Array(1)]));
    a.links.flush();
    await until('the good one', () => b.received.length === 1);
    assert.equal(b.numbers(), [5]);
    assert.is(b.trace.events('peer.message-dropped').length, 1);
    assert.equal(b.news, ['up a']);
  });
});

test('a message that must not travel is an error of its sender', async () => {
  const codec = { encode: () => [{ a: 'map' }], decode: () => undefined };
  await withPair({ links: { codec } }, {}, async (a) => {
    assert.throws(() => a.links.send(envelope(a, 'b', parcel(0))), /type object/);
  });
});

test.run();
