/** What every Random must do: uniform numbers in [0, 1) and bytes. The bounds fail one honest run in far over a million. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Random } from '../../src/kernel/index.ts';

const DRAWS = 160_000;
const BUCKETS = 16;

/** Chi-square of 16 even buckets; 15 degrees of freedom exceed 70 about once in 10^8. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

export function randomConformance(name: string, open: () => Random): void {
  const test = suite(name);

  test('numbers lie in [0, 1) and fill it evenly', () => {
    const random = open();
    const counts = Array.from({ length: BUCKETS }, () => 0);
    for (let i = 0; i < DRAWS; i += 1) {
      const value = random.next();
      assert.ok(value >= 0 && value < 1);
      const bucket = Math.floor(value * BUCKETS);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    assert.ok(chiSquare(counts) < 70, counts.join(' '));
  });

  test('neighbouring numbers know nothing of each other', () => {
    const random = open();
    const counts = Array.from({ length: BUCKETS }, () => 0);
    for (let i = 0; i < DRAWS; i += 1) {
      const pair = Math.floor(random.next() * 4) * 4 + Math.floor(random.next() * 4);
      counts[pair] = (counts[pair] ?? 0) + 1;
    }
    assert.ok(chiSquare(counts) < 70, counts.join(' '));
  });

  test('bytes come in the asked number, evenly, and fresh each time', () => {
    const random = open();
    for (const count of [0, 1, 3, 16, 70_000]) assert.is(random.bytes(count).length, count);
    const counts = Array.from({ length: BUCKETS }, () => 0);
    for (const byte of random.bytes(DRAWS)) counts[byte >> 4] = (counts[byte >> 4] ?? 0) + 1;
    assert.ok(chiSquare(counts) < 70, counts.join(' '));
    assert.not.equal(random.bytes(16), random.bytes(16));
  });

  test.run();
}
