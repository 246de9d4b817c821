// timeout: 300 s
/** Seeded fuzz of the gate and the codecs: 100,000 frames, of which none gets through in two forms or breaks anything. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  clientFrames,
  defaultLimits,
  frameBounds,
  nodeFrames,
  packFrame,
  peerFrames,
  unpackFrame,
  WireError,
  type ClientFrame,
} from '@callboard/client/protocol';
import { createRaftCodec } from '../../src/raft/wire.ts';
import { repeats } from '../lib/effort.ts';
import { SplitMix } from './random.ts';

const FRAMES = repeats(10_000, 100_000);
const bounds = frameBounds(defaultLimits);
const raft = createRaftCodec(defaultLimits);

function randomText(random: SplitMix): string {
  const pieces = [
    'a',
    'topic-1',
    'ä',
    '日本',
    '😀',
    '\u0000',
    '\ufeff',
    '__proto__',
    'x'.repeat(70),
    'ß'.repeat(90),
  ];
  return Array.from({ length: random.below(4) }, () => random.pick(pieces)).join('');
}

function randomValue(random: SplitMix, depth: number): unknown {
  switch (random.below(depth > 0 ? 9 : 7)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
      return random.below(300) - 150;
    case 3:
      return (random.word() - 2 ** 31) * random.pick([1, 1, 2 ** 20]);
    case 4:
    case 5:
      return randomText(random);
    case 6:
      return random.bytes(random.pick([0, 1, 20, 32, 300]));
    default:
      return Array.from({ length: random.below(6) }, () => randomValue(random, depth - 1));
  }
}

/** Frames that are right, as material to be spoilt. */
function corpus(): readonly Uint8Array[] {
  const chunk = new Uint8Array(120).fill(7);
  const nonce = new Uint8Array(32).fill(1);
  const client: ClientFrame[] = [
    { kind: 'hello', correlation: 1, version: 1, client: 'x', token: 'secret' },
    { kind: 'metadata', correlation: 2, topics: ['a', 'b'] },
    { kind: 'create-topic', correlation: 3, topic: 'orders', partitions: 4, storage: 'memory' },
    { kind: 'produce', correlation: 4, topic: 'orders', partition: 0, acks: 'quorum', chunk },
    {
      kind: 'produce',
      correlation: 4,
      topic: 'o',
      partition: 0,
      group: 70_000 as never,
      acks: 'none',
      chunk,
    },
    {
      kind: 'fetch',
      correlation: 5,
      topic: 'orders',
      partition: 1,
      offset: (2 ** 40) as never,
      maxBytes: 1000,
    },
  ];
  const hello = {
    kind: 'peer-hello',
    correlation: 0,
    version: 1,
    lane: 'bulk',
    from: 'a',
    to: 'b',
    clusterId: undefined,
  } as const;
  return [
    ...client.map((frame) => packFrame(clientFrames.encode(frame))),
    packFrame(
      nodeFrames.encode({ kind: 'fetched', correlation: 5, end: 9 as never, chunks: [chunk, chunk] }),
    ),
    packFrame(
      nodeFrames.encode({
        kind: 'error',
        correlation: 5,
        code: 'timeout',
        message: 'late',
        outcome: 'unknown',
      }),
    ),
    packFrame(peerFrames.encode({ ...hello, incarnation: 3, session: 4, nonce })),
    packFrame(peerFrames.encode({ kind: 'peer-welcome', correlation: 0, proof: nonce })),
    packFrame(
      raft.encode({
        kind: 'vote-reply',
        from: 'ab'.repeat(16) as never,
        to: 'cd'.repeat(16) as never,
        term: 5 as never,
        granted: true,
      }),
    ),
  ];
}

/** Decodes with every family; returns how many took it. Only a WireError may come out. */
function decodeAll(value: readonly unknown[]): number {
  let taken = 0;
  for (const family of [clientFrames, nodeFrames, peerFrames, raft]) {
    try {
      const message = family.decode(value) as never;
      taken += 1;
      assert.equal(
        packFrame(family.encode(message)),
        packFrame(value),
        'a decoded message encodes to its frame',
      );
    } catch (error) {
      assert.instance(error, WireError);
    }
  }
  return taken;
}

test('random and mutated frames: each is refused with a WireError or has exactly one form', () => {
  const random = new SplitMix(20_260);
  const good = corpus();
  const before = process.memoryUsage().rss;
  let accepted = 0;
  let messages = 0;
  for (let round = 0; round < FRAMES; round += 1) {
    const kind = random.below(4);
    const bytes =
      kind === 0
        ? random.bytes(random.below(60))
        : kind === 1
          ? random.mutate(random.pick(good))
          : kind === 2
            ? random.mutate(packFrame([randomValue(random, 3)]))
            : packFrame([random.below(50), randomValue(random, 4), randomValue(random, 2)]);
    try {
      const value = unpackFrame(bytes, bounds);
      accepted += 1;
      assert.is(Buffer.compare(packFrame(value), bytes), 0, `round ${round} re-encodes differently`);
      messages += decodeAll(value);
    } catch (error) {
      assert.instance(error, WireError, `round ${round}`);
    }
  }
  const grown = process.memoryUsage().rss - before;
  assert.ok(accepted > FRAMES / 5, `${accepted} accepted`);
  assert.ok(messages > (FRAMES * 3) / 1_000, `${messages} decoded`);
  assert.ok(grown < 256 << 20, `memory grew by ${grown} bytes`);
});

test('frames that look large cost no more than their bytes', () => {
  const random = new SplitMix(11);
  for (let round = 0; round < 300; round += 1) {
    const bytes = random.bytes(200_000);
    const token = random.pick([0x90, 0x91, 0x9f, 0xdc, 0xa0, 0xc0]);
    bytes.fill(token, 5);
    bytes.set([0xdd, 0, 0, 0xff, 0xff]);
    try {
      unpackFrame(bytes, bounds);
    } catch (error) {
      assert.instance(error, WireError);
    }
  }
});

test.run();
