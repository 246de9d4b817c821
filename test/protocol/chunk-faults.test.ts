/** A sealed chunk: every single change of a header byte is found, and so is a change of the body. */
import { crc32 } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  buildChunk,
  checkDraft,
  checkSealed,
  chunkHeaderBytes,
  chunkKind,
  groupId,
  logIndex,
  offset,
  readChunkHeader,
  readEntryHeader,
  sealChunk,
  term,
  type ChunkDraft,
} from '@callboard/client/protocol';
import { SplitMix } from './random.ts';

const draft: ChunkDraft = {
  kind: chunkKind.records,
  body: new SplitMix(1).bytes(50),
  recordCount: 3,
  producerId: new SplitMix(2).bytes(16),
  producerEpoch: 4,
  firstSequence: 2 ** 40 + 5,
  firstTimestamp: 1_700_000_000_123,
  lastTimestampDelta: 17,
};

const seal = {
  group: groupId(7),
  term: term(2 ** 33 + 1),
  index: logIndex(2 ** 34 + 9),
  baseOffset: offset(2 ** 35 + 3),
  previousChecksum: 0xdeadbeef,
};

function sealed(): Uint8Array {
  const chunk = buildChunk(draft, crc32);
  sealChunk(chunk, seal, crc32);
  return chunk;
}

test('a header holds what was put in', () => {
  const chunk = sealed();
  assert.is(checkSealed(chunk, crc32), undefined);
  const header = readChunkHeader(chunk);
  assert.is(header.firstSequence, draft.firstSequence);
  assert.is(header.firstTimestamp, draft.firstTimestamp);
  assert.equal(
    [header.group, header.term, header.index, header.baseOffset],
    [seal.group, seal.term, seal.index, seal.baseOffset],
  );
  const entry = readEntryHeader(chunk);
  assert.equal(entry, {
    group: seal.group,
    index: seal.index,
    term: seal.term,
    checksum: header.headerChecksum,
    previous: seal.previousChecksum,
  });
});

test('every bit of the header and of the body counts', () => {
  const chunk = sealed();
  for (let at = 0; at < chunk.length; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      chunk[at] = (chunk[at] as number) ^ (1 << bit);
      assert.ok(checkSealed(chunk, crc32) !== undefined, `bit ${bit} of byte ${at}`);
      chunk[at] = (chunk[at] as number) ^ (1 << bit);
    }
  }
  assert.is(checkSealed(chunk, crc32), undefined);
});

test('every other length is found', () => {
  const chunk = sealed();
  for (let length = 0; length < chunk.length; length += 1) {
    assert.ok(checkSealed(chunk.slice(0, length), crc32) !== undefined, `length ${length}`);
    assert.is(readEntryHeader(chunk.slice(0, length)), undefined, `length ${length}`);
  }
  const longer = new Uint8Array(chunk.length + 1);
  longer.set(chunk);
  assert.is(checkSealed(longer, crc32), 'bad-length');
  assert.is(readEntryHeader(longer), undefined);
});

test('a draft with a right checksum and an impossible field is no draft', () => {
  for (const at of [6, 7, 12, 43, 51]) {
    const chunk = buildChunk(draft, crc32);
    chunk[at] = at === 12 ? 0 : 0xff;
    assert.is(checkDraft(chunk, crc32), 'bad-field', `byte ${at}`);
  }
});

test('an entry header is refused where its numbers cannot be right', () => {
  for (const [at, size] of [
    [64, 8],
    [72, 8],
  ] as const) {
    const zero = sealed();
    zero.fill(0, at, at + size);
    assert.is(readEntryHeader(zero), undefined, `zero at ${at}`);
    const huge = sealed();
    huge.fill(0xff, at, at + size);
    assert.is(readEntryHeader(huge), undefined, `beyond the safe range at ${at}`);
  }
  assert.is(readEntryHeader(new Uint8Array(chunkHeaderBytes)), undefined);
});

test('any bytes at all are judged without an exception', () => {
  const random = new SplitMix(99);
  const chunk = sealed();
  for (let round = 0; round < 20_000; round += 1) {
    const bytes = random.mutate(chunk);
    const sound = checkSealed(bytes, crc32) === undefined;
    assert.is(sound, Buffer.compare(bytes, chunk) === 0);
    readEntryHeader(bytes);
  }
});

test.run();
