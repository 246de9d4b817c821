import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkedDraft, decisionError, refusalError } from '../../../src/actors/partition-replica/errors.ts';
import { crc32 } from '../../../src/node/ports/crc32.ts';
import {
  buildChunk,
  chunkKind,
  defaultLimits,
  noProducer,
  undated,
  type CallError,
  type Limits,
} from '@callboard/client/protocol';
import { draftOf, emptyDraft } from '../../lib/chunks.ts';

const test = suite('partition-replica/errors (S2, S21)');
const now = 1_700_000_000_000;

function draftError(chunk: Uint8Array, limits: Limits, nowMs: number): CallError | undefined {
  const checked = checkedDraft(chunk, limits, nowMs, crc32);
  return 'error' in checked ? checked.error : undefined;
}

function raw(body: Uint8Array, recordCount: number): Uint8Array {
  const plain = { producerId: noProducer, producerEpoch: 0, firstSequence: 0, lastTimestampDelta: 0 };
  return buildChunk({ kind: chunkKind.records, body, recordCount, firstTimestamp: now, ...plain }, crc32);
}

test('a sound batch is taken', () => {
  assert.is(draftError(draftOf(['a', 'b']), defaultLimits, now), undefined);
});

test('a batch whose checksum does not fit is named as that', () => {
  const draft = draftOf(['a', 'b']);
  draft[draft.byteLength - 1] = 0;
  assert.match(draftError(draft, defaultLimits, now)?.message ?? '', /bad-body-checksum/);
});

test('a batch that no consumer could read is refused, not stored', () => {
  const sound = draftOf(['a', 'b']).subarray(96);
  for (let cut = 1; cut < sound.byteLength; cut += 1) {
    assert.is(draftError(raw(sound.subarray(0, cut), 2), defaultLimits, now)?.code, 'bad_request');
  }
  assert.is(draftError(raw(sound, 1), defaultLimits, now)?.code, 'bad_request');
  assert.is(draftError(raw(sound, 3), defaultLimits, now)?.code, 'bad_request');
  assert.is(draftError(raw(new Uint8Array(100).fill(255), 4), defaultLimits, now)?.code, 'bad_request');
});

test('producers may send records only', () => {
  assert.match(draftError(emptyDraft('command'), defaultLimits, now)?.message ?? '', /may only send records/);
});

test('a batch over the limit says both sizes', () => {
  const error = draftError(draftOf(['x'.repeat(1_100_000)]), defaultLimits, now);
  assert.is(error?.code, 'record_too_large');
  assert.match(error?.message ?? '', /1100014 bytes, the limit is 1048576/);
});

test('a batch from the future, which would spoil the search by time, is refused', () => {
  const error = draftError(draftOf(['a'], { timestamp: now + 3_600_000 }), defaultLimits, now);
  assert.match(error?.message ?? '', /3600 s ahead/);
});

test('a batch without a date is taken whatever the clock says, but only if its records have none either', () => {
  for (const clock of [0, now, 2 * now]) {
    assert.is(draftError(draftOf(['a', 'b'], { timestamp: undated }), defaultLimits, clock), undefined);
  }
  const body = draftOf(['a']).subarray(96);
  const plain = { producerId: noProducer, producerEpoch: 0, firstSequence: 0, recordCount: 1, body };
  const dated = { ...plain, kind: chunkKind.records, firstTimestamp: undated, lastTimestampDelta: 1 };
  assert.is(draftError(buildChunk(dated, crc32), defaultLimits, now)?.code, 'bad_request');
});

test('every refusal of consensus is certain, and worth a retry', () => {
  for (const refusal of ['not-leader', 'not-ready', 'transferring', 'uncommitted-full', 'damaged'] as const) {
    const error = refusalError(refusal);
    assert.is(error.outcome, 'not_applied');
    assert.ok(error.retriable);
  }
});

test('each decision against a batch names its numbers', () => {
  const batch = { producerId: 'a'.repeat(32), epoch: 2, firstSequence: 7, count: 1 };
  assert.match(decisionError({ kind: 'gap', expected: 5 }, batch).message, /sequence 7, expected 5/);
  const fenced = decisionError({ kind: 'fenced', epoch: 3 }, batch);
  assert.equal([fenced.code, fenced.nextEpoch], ['producer_fenced', 4]);
  const expired = decisionError({ kind: 'expired', forgotten: 11, nextEpoch: 12 }, batch);
  assert.equal([expired.code, expired.nextEpoch, expired.outcome], ['producer_expired', 12, 'not_applied']);
  assert.match(expired.message, /up to epoch 11/);
  const high = decisionError({ kind: 'epoch-too-high', nextEpoch: 1 }, batch);
  assert.equal([high.code, high.nextEpoch, high.outcome], ['producer_expired', 1, 'not_applied']);
  assert.match(high.message, /epoch 2 .* the highest that it knows is 0/);
  assert.is(decisionError({ kind: 'forgotten-batch', nextSequence: 900 }, batch).outcome, 'applied');
  const full = decisionError({ kind: 'table-full', limit: 10, own: 4 }, batch);
  assert.is(full.code, 'limit_reached');
  assert.match(full.message, /up to 10 producers, and 4 that came from your address/);
});

test.run();
