// Blocks of LevelDB tables made by hand: what LevelDB would not survive is found, and nothing else is.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BlockWalk, compareKeys, type KeyKind } from '../../src/storage/level-block.ts';

const test = suite('storage/level-block');

interface Made {
  readonly shared: number;
  readonly own: readonly number[];
  readonly value?: number;
}

/** An internal key: what the user gave, then type and sequence. */
function internal(user: readonly number[], sequence: number, type = 1): readonly number[] {
  return [...user, type, sequence, 0, 0, 0, 0, 0, 0];
}

function block(
  entries: readonly Made[],
  points: readonly number[],
  count: number = points.length,
): Uint8Array {
  const body = entries.flatMap(({ shared, own, value = 3 }) => [
    shared,
    own.length,
    value,
    ...own,
    ...new Uint8Array(value).fill(7),
  ]);
  return Uint8Array.from([...body, ...[...points, count].flatMap((point) => [point, 0, 0, 0])]);
}

function faultOf(bytes: Uint8Array, kind: KeyKind = 'internal'): string | undefined {
  const found = new BlockWalk(bytes, kind).run();
  return 'fault' in found ? found.fault : undefined;
}

const a = { shared: 0, own: internal([1, 1], 9) };
/** Shares one byte with `a`. */
const b = { shared: 1, own: internal([2], 5) };
const size = 3 + 10 + 3;

test('a sound block has no fault, and its keys come out whole and in order', () => {
  const seen: string[] = [];
  const bytes = block([a, b], [0]);
  const found = new BlockWalk(bytes, 'internal', (key, value) => {
    seen.push(`${[...key.subarray(0, key.length - 8)].join('.')}=${String(value.length)}`);
  }).run();
  assert.equal(seen, ['1.1=3', '1.2=3']);
  assert.ok('keys' in found && found.keys !== undefined);
  assert.equal([...found.keys.first], a.own);
  assert.equal([...found.keys.last], [1, ...b.own]);
  assert.is(faultOf(block([a, { shared: 0, own: internal([1, 2], 5) }], [0, size])), undefined);
});

test('a block without entries is sound, as LevelDB makes it', () => {
  assert.is(faultOf(block([], [0])), undefined);
  assert.is(faultOf(block([], [0]), 'plain'), undefined);
});

test('the newer of two versions of a key comes first, and a deletion counts as a version', () => {
  const older = { shared: 2, own: internal([], 8, 0) };
  const newer = { shared: 2, own: internal([], 10) };
  assert.is(faultOf(block([a, older], [0])), undefined);
  assert.match(faultOf(block([a, newer], [0])) ?? '', /not above the one before/);
  assert.match(faultOf(block([a, { shared: 10, own: [] }], [0])) ?? '', /not above the one before/);
});

test('a key without its trailer, or with a type that does not exist, is a fault', () => {
  assert.match(faultOf(block([{ shared: 0, own: [1, 1, 0, 0, 0, 0, 0] }], [0])) ?? '', /a key has 7 bytes/);
  assert.match(faultOf(block([a, { shared: 1, own: [2] }], [0])) ?? '', /a key has 2 bytes/);
  assert.match(faultOf(block([{ shared: 0, own: internal([1], 1, 2) }], [0])) ?? '', /type 2/);
  // Other blocks have plain keys.
  assert.is(faultOf(block([{ shared: 0, own: [1] }], [0]), 'plain'), undefined);
});

test('a length that leads out of the block or the key is a fault', () => {
  assert.match(
    faultOf(block([a, { shared: 11, own: internal([2], 5) }], [0])) ?? '',
    /too much of the one before/,
  );
  const long = block([a, b], [0]);
  long[size + 2] = 100;
  assert.match(faultOf(long) ?? '', /longer than its block/);
  // Lengths whose sum goes round at 2^32 pass LevelDB's own check.
  const round = block([a, b], [0]);
  round.set([1, 9, 0xff, 0xff, 0xff, 0xff, 0x0f], size);
  assert.match(faultOf(round) ?? '', /longer than its block/);
  const endless = block([a, b], [0]);
  endless.fill(0xff, size, size + 12);
  assert.match(faultOf(endless) ?? '', /a length is none|longer than its block/);
});

test('restart points lead to entries that share nothing, the first of them at the beginning', () => {
  assert.match(faultOf(block([a, b], [0, size])) ?? '', /too much of the one before/);
  assert.match(faultOf(block([a, b], [0, size + 1])) ?? '', /middle of an entry/);
  assert.match(faultOf(block([a, b], [1])) ?? '', /first entry is no restart point/);
  assert.match(faultOf(block([a, b], [0, 200])) ?? '', /middle of an entry/);
  assert.match(faultOf(block([], [4])) ?? '', /middle of an entry/);
  assert.match(faultOf(block([a, b], [0], 0)) ?? '', /0 restart points/);
  assert.match(faultOf(block([a, b], [0], 250)) ?? '', /250 restart points/);
  assert.match(faultOf(new Uint8Array(3)) ?? '', /0 restart points/);
});

test('keys order as LevelDB orders them', () => {
  const key = (user: readonly number[], sequence: number): Uint8Array =>
    Uint8Array.from(internal(user, sequence));
  const sorted = [key([], 1), key([1], 9), key([1], 2), key([1, 0], 5), key([2], 1), key([200], 1)];
  for (const [n, one] of sorted.entries()) {
    for (const [m, other] of sorted.entries()) {
      assert.is(Math.sign(compareKeys(one, other, 'internal')), Math.sign(n - m));
    }
  }
});

test.run();
