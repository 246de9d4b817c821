import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CopySlab } from '../../src/raft/copy-slab.ts';

const test = suite('raft/copy-slab');

test('copies are equal, of their own memory, and never overlap', () => {
  const slab = new CopySlab();
  const sizes = [0, 1, 7, 200, 1_024, 1_025, 8_192, 10_000];
  const copies: { readonly copied: Uint8Array; readonly mark: number }[] = [];
  for (let round = 0; round < 200; round += 1) {
    const source = new Uint8Array(sizes[round % sizes.length] as number).fill(round % 251);
    copies.push({ copied: slab.copy(source), mark: round % 251 });
    // What comes in is a view into a frame, which is overwritten sooner or later.
    source.fill(255);
  }
  for (const [at, { copied, mark }] of copies.entries()) {
    assert.is(copied.byteLength, sizes[at % sizes.length]);
    assert.ok(
      copied.every((byte) => byte === mark),
      `copy ${at}`,
    );
  }
});

test('small ones share memory, large ones do not', () => {
  const slab = new CopySlab();
  const small = [slab.copy(new Uint8Array(200)), slab.copy(new Uint8Array(200))];
  assert.is(small[0]?.buffer, small[1]?.buffer);
  assert.is(slab.copy(new Uint8Array(5_000)).buffer.byteLength, 5_000);
});

test.run();
