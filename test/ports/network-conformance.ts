/** What every Network must do, between nodes of one cluster. Run on the WebSocket links and on the simulated network. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bin, message, uint, union } from '@callboard/client/protocol';
import type { ActorCodec } from '../../src/actors/wire.ts';
import type { Envelope, Lane, Network } from '../../src/kernel/index.ts';

/** The message of this suite. A network under test whose messages need a codec must be able to carry it. */
interface NetworkProbe {
  readonly kind: 'network-probe';
  readonly number: number;
  readonly bytes: Uint8Array;
}

const probeShape = union<NetworkProbe>({
  'network-probe': message<NetworkProbe>('network-probe', 1, {
    number: uint,
    bytes: bin(1 << 20, { copy: true }),
  }),
});

/** Carries the probes, and nothing else. */
export const probeCodec: ActorCodec = {
  encode: (_id, value) => probeShape.encode(value as NetworkProbe),
  decode: (_id, wire) => probeShape.decode(wire),
};

/** A cluster under test, with the few things of its world that the suite has to cause. */
export interface NetworkBench {
  network(node: string): Network;
  /** Everything that came in at `node` so far, in order. */
  received(node: string): readonly Envelope[];
  /** `up NODE` and `down NODE` as told at `node`, in order. */
  news(node: string): readonly string[];
  /** Lets the world go on until `done()`; rejects when a deadline passes first. */
  until(done: () => boolean): Promise<void>;
  /** Ends `node` like a killed process. */
  kill(node: string): Promise<void>;
  /** Starts `node` again, in its next incarnation. */
  restart(node: string): Promise<void>;
  /** From here on nothing that is sent to `node` is taken off its links, until `unclog`. */
  clog(node: string): void;
  unclog(node: string): void;
  /** Bytes that are surely beyond what one link holds. */
  readonly linkBytes: number;
  close(): Promise<void>;
}

/** Adds a test that gets a fresh cluster of the nodes a, b and c, all linked; it is closed afterwards whatever happens. */
type Using = (title: string, body: (bench: NetworkBench) => Promise<void>) => void;

const nodes = ['a', 'b', 'c'] as const;

export function probe(from: string, to: string, number: number, lane: Lane = 'control', size = 0): Envelope {
  const message: NetworkProbe = {
    kind: 'network-probe',
    number,
    bytes: new Uint8Array(size).fill(number & 0xff),
  };
  return {
    from: { node: from, shard: 0, id: 'sender' },
    to: { node: to, shard: 0, id: 'receiver' },
    lane,
    message,
  };
}

function numbers(envelopes: readonly Envelope[], lane?: Lane): number[] {
  const wanted = envelopes.filter((envelope) => lane === undefined || envelope.lane === lane);
  return wanted.map((envelope) => (envelope.message as NetworkProbe).number);
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

export function networkConformance(
  name: string,
  open: (nodes: readonly string[]) => Promise<NetworkBench>,
): void {
  const test = suite(name);
  const using: Using = (title, body) => {
    test(title, async () => {
      const bench = await open(nodes);
      try {
        await bench.until(() => nodes.every((node) => bench.news(node).length === nodes.length - 1));
        await body(bench);
      } finally {
        await bench.close();
      }
    });
  };
  deliveryConforms(using);
  boundsConform(using);
  linksConform(using);
  test.run();
}

function deliveryConforms(using: Using): void {
  using('an envelope arrives once, as it was sent', async (bench) => {
    const sent = [probe('a', 'b', 0, 'control', 10), probe('a', 'b', 1, 'data', 10_000)];
    for (const envelope of sent) assert.is(bench.network('a').send(envelope), 'accepted');
    bench.network('a').flush();
    await bench.until(() => bench.received('b').length >= 2);
    const byNumber = bench.received('b').toSorted((x, y) => (numbers([x])[0] ?? 0) - (numbers([y])[0] ?? 0));
    assert.equal(byNumber, sent);
    assert.equal([bench.received('a'), bench.received('c')], [[], []]);
  });

  using('each lane between two nodes keeps its order over many flushes', async (bench) => {
    const from = bench.network('a');
    for (let n = 0; n < 500; n += 1) {
      from.send(probe('a', 'b', n, 'control', n % 50));
      from.send(probe('a', 'b', n, 'data', (n * 37) % 3_000));
      if (n % 7 === 0) from.flush();
    }
    from.flush();
    await bench.until(() => bench.received('b').length >= 1_000);
    for (const lane of ['control', 'data'] as const) {
      assert.equal(numbers(bench.received('b'), lane), upTo(500));
    }
  });

  using('all nodes talk to all others at once', async (bench) => {
    for (const from of nodes) {
      for (const to of nodes) {
        if (to !== from) for (let n = 0; n < 50; n += 1) bench.network(from).send(probe(from, to, n));
      }
    }
    for (const from of nodes) bench.network(from).flush();
    await bench.until(() => nodes.every((node) => bench.received(node).length >= 100));
    for (const to of nodes) {
      for (const from of nodes) {
        const got = bench.received(to).filter((envelope) => envelope.from.node === from);
        assert.equal(numbers(got), from === to ? [] : upTo(50), `${from} to ${to}`);
      }
    }
  });

  using('what is sent without a flush leaves with the next one', async (bench) => {
    bench.network('a').send(probe('a', 'b', 0));
    bench.network('c').send(probe('c', 'b', 1));
    bench.network('c').flush();
    await bench.until(() => bench.received('b').length >= 1);
    assert.equal(numbers(bench.received('b')), [1]);
    bench.network('a').flush();
    await bench.until(() => bench.received('b').length >= 2);
    bench.network('a').flush();
    bench.network('a').send(probe('a', 'b', 2));
    bench.network('a').flush();
    await bench.until(() => bench.received('b').length >= 3);
    assert.equal(numbers(bench.received('b')), [1, 0, 2], 'nothing was sent twice');
  });
}

function boundsConform(using: Using): void {
  using('a link that is not emptied fills up, refuses, and loses nothing that it took', async (bench) => {
    bench.clog('b');
    const size = 64_000;
    let taken = 0;
    while (bench.network('a').send(probe('a', 'b', taken, 'data', size)) === 'accepted') {
      bench.network('a').flush();
      taken += 1;
      assert.ok(taken * size <= bench.linkBytes, 'the link takes without end');
    }
    assert.is(bench.network('a').send(probe('a', 'b', taken, 'data', size)), 'full');
    assert.is(
      bench.network('a').send(probe('a', 'c', 0, 'data', size)),
      'accepted',
      'other links are not concerned',
    );
    bench.network('a').flush();
    bench.unclog('b');
    await bench.until(() => bench.received('b').length >= taken);
    assert.equal(numbers(bench.received('b')), upTo(taken));
    await bench.until(() => bench.network('a').send(probe('a', 'b', taken, 'data', size)) === 'accepted');
  });
}

function linksConform(using: Using): void {
  using('a message to an unknown node is gone', async (bench) => {
    assert.is(bench.network('a').send(probe('a', 'nobody', 0)), 'gone');
    bench.network('a').flush();
  });

  using('the death of a node is told to the others, and its links are gone', async (bench) => {
    await bench.kill('b');
    await bench.until(() => ['a', 'c'].every((node) => bench.news(node).at(-1) === 'down b'));
    assert.is(bench.network('a').send(probe('a', 'b', 0)), 'gone');
    assert.is(bench.network('a').send(probe('a', 'c', 1)), 'accepted');
    bench.network('a').flush();
    await bench.until(() => bench.received('c').length >= 1);
  });

  using(
    'a node that was restarted gets new links, and nothing that was meant for its earlier life',
    async (bench) => {
      await bench.kill('b');
      await bench.until(() => ['a', 'c'].every((node) => bench.news(node).at(-1) === 'down b'));
      for (let n = 0; n < 10; n += 1) bench.network('a').send(probe('a', 'b', 100 + n));
      bench.network('a').flush();
      await bench.restart('b');
      await bench.until(() => ['a', 'c'].every((node) => bench.news(node).at(-1) === 'up b'));
      await bench.until(() => bench.news('b').length >= 2);
      bench.network('a').send(probe('a', 'b', 0));
      bench.network('b').send(probe('b', 'a', 1));
      for (const node of ['a', 'b']) bench.network(node).flush();
      await bench.until(() => bench.received('b').length >= 1 && bench.received('a').length >= 1);
      assert.equal([numbers(bench.received('b')), numbers(bench.received('a'))], [[0], [1]]);
    },
  );
}
