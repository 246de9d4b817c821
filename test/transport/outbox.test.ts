/** How envelopes become frames. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Outbox } from '../../src/transport/outbox.ts';
import {
  bundledEnvelope,
  defaultLimits,
  frameBounds,
  measureFrame,
  peerFrames,
  unpackFrame,
  type PeerBundle,
} from '@callboard/client/protocol';
import { SplitMix } from '../protocol/random.ts';

const bounds = frameBounds(defaultLimits);

function newOutbox(frameBytes: number, frameItems = 65_536) {
  const frames: PeerBundle[] = [];
  const sizes: number[] = [];
  const outbox = new Outbox({ frameBytes, frameItems }, (pieces) => {
    const frame = Buffer.concat(pieces);
    sizes.push(frame.length);
    frames.push(peerFrames.decode(unpackFrame(frame, bounds)) as PeerBundle);
  });
  const add = (number: number, bytes: number): boolean => {
    const payload = [number, new Uint8Array(bytes)];
    const wire = bundledEnvelope.encode({
      fromShard: 0,
      fromId: 'x',
      toShard: 0,
      toId: 'y',
      lane: 'data',
      payload,
    });
    const size = { bytes: 0, items: 0, large: 0 };
    measureFrame(wire, size);
    if (!outbox.fits(size)) return false;
    outbox.add(wire as unknown[], size);
    return true;
  };
  const numbers = (): unknown[] =>
    frames.flatMap((frame) => frame.envelopes.map((envelope) => envelope.payload[0]));
  return { outbox, frames, sizes, add, numbers };
}

test('what was collected leaves as one frame', () => {
  const { outbox, frames, add, numbers } = newOutbox(10_000);
  for (let n = 0; n < 20; n += 1) add(n, 10);
  assert.is(frames.length, 0);
  outbox.flush();
  assert.is(frames.length, 1);
  assert.equal(
    numbers(),
    Array.from({ length: 20 }, (_, n) => n),
  );
  assert.is(outbox.bytes, 0);
  outbox.flush();
  assert.is(frames.length, 1, 'an empty outbox sends nothing');
});

test('no frame is above the limit, in bytes or values, and the order is kept', () => {
  const random = new SplitMix(7);
  for (const [frameBytes, frameItems] of [
    [2_000, 65_536],
    [100_000, 30],
  ] as const) {
    const { outbox, frames, sizes, add, numbers } = newOutbox(frameBytes, frameItems);
    for (let n = 0; n < 500; n += 1) assert.ok(add(n, random.below(300)));
    outbox.flush();
    assert.equal(
      numbers(),
      Array.from({ length: 500 }, (_, n) => n),
    );
    assert.ok(sizes.every((size) => size <= frameBytes));
    assert.ok(frames.every((frame) => 3 + frame.envelopes.length * 9 <= frameItems));
    assert.ok(frames.length > 30 && frames.length < 400, `${frames.length} frames`);
  }
});

test('an envelope that fits no frame is told beforehand', () => {
  const { add } = newOutbox(1_000);
  assert.is(add(1, 900), true);
  assert.is(add(1, 1_000), false);
});

test.run();
