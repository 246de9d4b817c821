/** The gate before the decoder: what it lets through has one form only. Attacks A7 to A11, on bytes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Packr } from 'msgpackr';
import {
  checkFrame,
  defaultLimits,
  frameBounds,
  measureFrame,
  largeBinBytes,
  packFrame,
  packParts,
  strangerBounds,
  unpackFrame,
  WireError,
} from '@callboard/client/protocol';
import { SplitMix } from './random.ts';

const bounds = frameBounds(defaultLimits);

function refused(bytes: readonly number[] | Uint8Array, pattern: RegExp, within = bounds): void {
  try {
    unpackFrame(Uint8Array.from(bytes), within);
  } catch (error) {
    assert.instance(error, WireError);
    assert.match((error as WireError).message, pattern);
    return;
  }
  assert.unreachable(`accepted ${Buffer.from(bytes.slice(0, 20)).toString('hex')}`);
}

/** One value as the only item of a frame. */
const item = (...bytes: number[]): number[] => [0x91, ...bytes];
const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);
const letters = (count: number): number[] => Array.from({ length: count }, () => 0x61);

test('everything that we send passes, at the edges of every form', () => {
  const edges = [
    0,
    1,
    0x1f,
    0x20,
    0x3f,
    0x40,
    0x7f,
    0x80,
    0xff,
    0x100,
    0xffff,
    0x10000,
    0xffffffff,
    2 ** 32,
    2 ** 53 - 1,
  ];
  const numbers = edges.flatMap((edge) => [edge, -edge, -edge - 1]).filter((n) => Number.isSafeInteger(n));
  const lengths = [
    0, 1, 15, 16, 31, 32, 63, 64, 65, 139, 140, 255, 256, 4_095, 4_096, 8_191, 8_192, 65_535, 65_536, 70_000,
  ];
  for (const value of [
    ...numbers,
    ...lengths.map((length) => 'x'.repeat(length)),
    ...lengths.map((length) => 'ä'.repeat(length)),
    ...lengths.map((length) => '😀'.repeat(length)),
    ...lengths.map((length) => new Uint8Array(length).fill(7)),
    ...lengths.filter((length) => length < 65_535).map((length) => Array.from({ length }, (_, i) => i % 3)),
    null,
    true,
    false,
    'a\u0000b',
    'x\ufeff',
  ]) {
    const frame = [value, 1];
    const bytes = packFrame(frame);
    const back = unpackFrame(bytes, bounds);
    assert.equal(back.length, 2);
    assert.equal(back[0], Object.is(value, -0) ? 0 : value);
    assert.is(Buffer.compare(packFrame(back), bytes), 0);
    const size = { bytes: 0, items: 0, large: 0 };
    measureFrame(frame, size);
    assert.ok(size.bytes >= bytes.length, `measured ${size.bytes}, took ${bytes.length}`);
    const parts = packParts(frame, size);
    assert.is(Buffer.compare(Buffer.concat(parts), bytes), 0, 'in parts it is the same');
    const large = value instanceof Uint8Array && value.byteLength >= largeBinBytes ? value.byteLength : 0;
    assert.is(size.large, large);
    assert.is(large > 0 && parts[1] === value, large > 0, 'a large byte string stays where it is');
  }
});

test('a frame is one array and nothing after it', () => {
  for (const bytes of [[], [0xc0], [0x05], [0xa1, 0x61], [0xc4, 0], [0x80]]) {
    refused(bytes, /must be an array/);
  }
  refused([0x90, 0x00], /bytes after the end/);
  refused([0x91], /ends early|beyond the end/);
  refused([0x92, 0x01], /ends early|beyond the end/);
});

test('A11: only the shortest form of a value is let through', () => {
  const longer: number[][] = [
    [0xcc, 0x7f],
    [0xcd, 0, 0xff],
    [0xce, 0, 0, 0xff, 0xff],
    [0xd0, 0xe0],
    [0xd0, 0x05],
    [0xd1, 0xff, 0x80],
    [0xd1, 0, 5],
    [0xd2, 0xff, 0xff, 0x80, 0],
    [0xd2, 0, 0, 0, 5],
    [0xcb, 0x40, 0x14, 0, 0, 0, 0, 0, 0],
    [0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0],
    [0xd9, 31, ...letters(31)],
    [0xda, 0, 255, ...letters(255)],
    [0xdb, 0, 0, 0, 1, 0x61],
    [0xc5, 0, 255, ...zeros(255)],
    [0xc6, 0, 0, 0, 1, 0],
    [0xdc, 0, 15, ...zeros(15)],
    [0xdd, 0, 0, 0, 1, 0],
  ];
  for (const bytes of longer) refused(item(...bytes), /shortest form/);
});

test('A11: numbers beyond the safe range, and what is no number, are refused', () => {
  refused(item(0xcf, ...zeros(8)), /token 0xcf/);
  refused(item(0xd3, ...zeros(8)), /token 0xd3/);
  refused(item(0xca, 0, 0, 0, 0), /token 0xca/);
  const float = (value: number): number[] => {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value);
    return item(0xcb, ...new Uint8Array(view.buffer));
  };
  for (const value of [2 ** 53, -(2 ** 53), 2 ** 32 + 0.5, Infinity, -Infinity, Number.NaN, 1e300]) {
    refused(float(value), /safe integer/);
  }
});

test('A11: 0xc1, invalid UTF-8 and byte order marks are refused', () => {
  refused(item(0xc1), /token 0xc1/);
  for (const bytes of [
    [0x80],
    [0xc0, 0xaf],
    [0xe0, 0x80, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xf8, 0x88, 0x80, 0x80],
  ]) {
    refused(item(0xa0 | bytes.length, ...bytes), /not UTF-8/);
  }
  refused(item(0xa2, 0xc3, 0xa4, 0xa4), /./);
  refused(item(0xa1, 0xc3), /not UTF-8/);
  refused(item(0xa4, 0xef, 0xbb, 0xbf, 0x61), /byte order mark/);
});

test('A10: no extension, record, timestamp or map, of any type', () => {
  for (let type = 0; type < 256; type += 1) {
    refused(item(0xd4, type, 0), /token 0xd4/);
    refused(item(0xd5, type, 0, 0), /token 0xd5/);
    refused(item(0xd6, type, ...zeros(4)), /token 0xd6/);
    refused(item(0xd7, type, ...zeros(8)), /token 0xd7/);
    refused(item(0xd8, type, ...zeros(16)), /token 0xd8/);
    refused(item(0xc7, 1, type, 0), /token 0xc7/);
    refused(item(0xc8, 0, 1, type, 0), /token 0xc8/);
    refused(item(0xc9, 0, 0, 0, 1, type, 0), /token 0xc9/);
  }
  refused(item(0xde, 0, 0), /token 0xde/);
  refused(item(0xdf, 0, 0, 0, 0), /token 0xdf/);
  const rich = new Packr({ moreTypes: true, structuredClone: true });
  for (const value of [
    new Date(),
    /x/,
    new Error('e'),
    new Set([1]),
    new Map([[1, 2]]),
    5n,
    { a: 1 },
    undefined,
    1.5,
  ]) {
    refused(rich.pack([value]), /./);
  }
});

test('A7: names that poison prototypes have no place to go', () => {
  for (const name of ['__proto__', 'constructor', 'prototype']) {
    refused(item(0x81, ...packFrame([name]).subarray(1), 0xc0), /a map/);
    assert.equal(unpackFrame(packFrame([name]), bounds), [name]);
  }
});

test('A8: a length beyond the frame is refused before anything is allocated', () => {
  for (const token of [0xc6, 0xdb, 0xdd]) refused(item(token, 0xff, 0xff, 0xff, 0xff), /beyond the end/);
  for (const token of [0xc5, 0xda, 0xdc]) refused(item(token, 0xff, 0xff), /beyond the end/);
  for (const token of [0xc4, 0xd9]) refused(item(token, 0xff), /beyond the end/);
  refused([0xdd, 0xff, 0xff, 0xff, 0xff], /beyond the end/);
  // Each array by itself fits into what is left; all together they must not.
  const nested = zeros(60_000).flatMap(() => [0xdc, 0x10, 0x00]);
  refused([0x91, ...nested, ...zeros(5_000)], /nested too deeply|values/);
});

test('A9: depth is bounded, however much is nested', () => {
  const deep = (levels: number): Uint8Array =>
    Uint8Array.from([...Array.from({ length: levels }, () => 0x91), 0xc0]);
  assert.not.throws(() => checkFrame(deep(bounds.depth), bounds));
  refused(deep(bounds.depth + 1), /nested too deeply/);
  const million = new Uint8Array(1_000_000).fill(0x91);
  refused(million, /nested too deeply/);
});

test('the number of values is bounded, also over many small arrays', () => {
  const many = packFrame(Array.from({ length: 60 }, () => Array.from({ length: 1_200 }, () => 1)));
  refused(many, /more than 65536 values/);
  refused(packFrame(Array.from({ length: 65_537 }, () => 1)), /more than 65536 values/);
  assert.not.throws(() => checkFrame(packFrame(Array.from({ length: 65_536 }, () => 1)), bounds));
});

test('the size is bounded, more tightly for strangers', () => {
  refused(packFrame([new Uint8Array(defaultLimits.frameBytes)]), /are allowed/);
  const stranger = strangerBounds(defaultLimits);
  refused(packFrame([new Uint8Array(4_096)]), /are allowed/, stranger);
  refused(packFrame([[[1]]]), /nested/, stranger);
  assert.not.throws(() => checkFrame(packFrame(['hello', [1]]), stranger));
});

test('byte strings are plain views into the frame, in Node as in browsers', () => {
  const bytes = Buffer.from(packFrame([new Uint8Array([1, 2, 3])]));
  const [view] = unpackFrame(bytes, bounds) as [Uint8Array];
  assert.is(view.constructor, Uint8Array);
  assert.is(view.buffer, bytes.buffer);
});

test('bytes of a frame are not written over by later frames', () => {
  const random = new SplitMix(4);
  const kept = Array.from({ length: 500 }, (_, n) => {
    const value = [n, random.bytes(random.pick([0, 10, 3_000, 50_000]))];
    return { value, bytes: packFrame(value), copy: new Uint8Array(packFrame(value)) };
  });
  for (const { value, bytes, copy } of kept) {
    assert.is(Buffer.compare(bytes, copy), 0);
    assert.equal(unpackFrame(bytes, bounds), value);
  }
});

test('what must not travel is found by measuring', () => {
  for (const value of [
    undefined,
    {},
    new Map(),
    new Date(),
    1.5,
    5n,
    Number.NaN,
    'a\ud800',
    new Uint16Array(1),
    () => 0,
  ]) {
    assert.throws(
      () => measureFrame([value], { bytes: 0, items: 0, large: 0 }),
      (error: unknown) => error instanceof WireError,
    );
  }
});

test.run();
