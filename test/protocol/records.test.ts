/** The body of a chunk of records: what goes in comes out, and no bytes make the reader go astray. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  checkRecords,
  decodeRecords,
  encodeRecords,
  recordAt,
  recordBytes,
  WireError,
  type RecordData,
} from '@callboard/client/protocol';
import { repeats } from '../lib/effort.ts';
import { SplitMix } from './random.ts';

function randomRecord(random: SplitMix): RecordData {
  return {
    timestampDelta: random.word(),
    key: random.chance(0.3) ? undefined : random.bytes(random.below(20)),
    headers: Array.from({ length: random.below(4) }, () => ({
      name: random.pick(['', 'trace-id', 'größe', '\ufeffmark', '😀']),
      value: random.bytes(random.below(30)),
    })),
    value: random.bytes(random.below(100)),
  };
}

test('records come back as they were', () => {
  const random = new SplitMix(1);
  for (let round = 0; round < 300; round += 1) {
    const records = Array.from({ length: random.below(10) }, () => randomRecord(random));
    const body = encodeRecords(records);
    assert.is(
      body.length,
      records.reduce((total, record) => total + recordBytes(record), 0),
    );
    assert.equal(decodeRecords(body, records.length), records);
    for (const [n, record] of records.entries()) assert.equal(recordAt(body, n), record);
  }
});

test('an empty key is not the same as none, and an empty value is a value', () => {
  const empty = new Uint8Array(0);
  const records: RecordData[] = [
    { timestampDelta: 0, key: empty, headers: [], value: empty },
    { timestampDelta: 0, key: undefined, headers: [], value: empty },
  ];
  assert.equal(decodeRecords(encodeRecords(records), 2), records);
});

test('a body inside a larger buffer is read at its own place', () => {
  const random = new SplitMix(5);
  const records = [randomRecord(random), randomRecord(random)];
  const body = encodeRecords(records);
  const around = random.bytes(body.length + 20);
  around.set(body, 7);
  assert.equal(decodeRecords(around.subarray(7, 7 + body.length), 2), records);
});

test('a wrong count is found', () => {
  const random = new SplitMix(2);
  const body = encodeRecords([randomRecord(random), randomRecord(random)]);
  for (const count of [0, 1, 3, 2 ** 32 - 1]) {
    assert.throws(
      () => decodeRecords(body, count),
      (error: unknown) => error instanceof WireError,
    );
  }
  assert.throws(
    () => recordAt(body, 2),
    (error: unknown) => error instanceof WireError,
  );
});

/** The message of the WireError that a call throws; undefined when it throws nothing. */
function refusalOf(call: () => void): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return error instanceof WireError ? error.message : String(error);
  }
}

test('A29: mutated bodies are read within their bounds or refused, never anything else', () => {
  const random = new SplitMix(3);
  let read = 0;
  for (let round = 0; round < repeats(10_000, 50_000); round += 1) {
    const count = 1 + random.below(4);
    const whole = encodeRecords(Array.from({ length: count }, () => randomRecord(random)));
    const body = random.mutate(whole);
    const refusal = refusalOf(() => checkRecords(body, count));
    try {
      const records = decodeRecords(body, count);
      read += 1;
      assert.is(refusal, undefined);
      // What was accepted is exactly the body: nothing was read twice, nothing left out.
      assert.equal(encodeRecords(records), body);
    } catch (error) {
      assert.instance(error, WireError);
      assert.is((error as WireError).message, refusal);
    }
  }
  assert.ok(read > 100, `${read} were readable`);
});

test('records that have no place in the format are refused by the writer', () => {
  const value = new Uint8Array(0);
  const plain = { timestampDelta: 0, key: undefined, headers: [], value };
  for (const timestampDelta of [-1, 1.5, 2 ** 32]) {
    assert.throws(() => encodeRecords([{ ...plain, timestampDelta }]), /32 bits/);
  }
  const headers = [{ name: 'x'.repeat(65_536), value }];
  assert.throws(() => encodeRecords([{ ...plain, headers }]), /65535 bytes/);
});

test.run();
