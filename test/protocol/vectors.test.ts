/** Hashes and checksums against known values. */
import { crc32 as zlibCrc32 } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { crc32, murmur2, partitionOfKey, utf8Length, isUtf8 } from '@callboard/client/protocol';
import { SplitMix } from './random.ts';

const bytesOf = (words: string): Uint8Array => new TextEncoder().encode(words);

// From the tests of Kafka's Java client (Utils.murmur2).
const murmurVectors: readonly (readonly [string, number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
];

test("S6: keys hash as in Kafka's Java client", () => {
  for (const [key, hash] of murmurVectors) {
    assert.is(murmur2(bytesOf(key)), hash, key);
    assert.is(partitionOfKey(bytesOf(key), 7), (hash & 0x7fffffff) % 7);
  }
});

test('S6: any key, also an empty one, belongs to a partition', () => {
  const random = new SplitMix(6);
  for (let length = 0; length < 200; length += 1) {
    const partition = partitionOfKey(random.bytes(length), 5);
    assert.ok(partition >= 0 && partition < 5);
  }
});

test('the table CRC-32 is that of zlib, whole and continued', () => {
  assert.is(crc32(bytesOf('123456789')), 0xcbf43926);
  const random = new SplitMix(32);
  for (let round = 0; round < 200; round += 1) {
    const bytes = random.bytes(random.below(2_000));
    const cut = random.below(bytes.length + 1);
    assert.is(crc32(bytes), zlibCrc32(bytes));
    assert.is(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut))), zlibCrc32(bytes));
  }
});

test('UTF-8 is judged as by the strict decoder of the platform', () => {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const random = new SplitMix(8);
  const seeds = [
    '\u0000a',
    'ä',
    '\u07ff\u0800',
    '\ud7ff\ue000',
    '\uffff',
    '\u{10000}',
    '\u{10ffff}',
    '\ufeffx',
    '日本語',
  ];
  for (let round = 0; round < 20_000; round += 1) {
    const bytes = random.chance(0.3)
      ? random.bytes(random.below(6))
      : random.mutate(bytesOf(random.pick(seeds) + random.pick(seeds)));
    let valid = true;
    try {
      assert.is(utf8Length(strict.decode(bytes)), bytes.length);
    } catch {
      valid = false;
    }
    assert.is(isUtf8(bytes, 0, bytes.length), valid, `bytes ${[...bytes].join(' ')}`);
  }
  assert.is(utf8Length('a\ud800'), -1);
  assert.is(utf8Length('\udc00a'), -1);
  assert.is(utf8Length('\ud800\ud800\udc00'), -1);
});

test.run();
