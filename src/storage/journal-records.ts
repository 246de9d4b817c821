/**
 * The bytes of journal records. A frame is a header of 40 bytes and a payload:
 *
 * | at | size | field            | meaning |
 * |----|------|------------------|---------|
 * | 0  | 4    | magic            | `0x314a4243` ("CBJ1") |
 * | 4  | 1    | kind             | see `kinds` |
 * | 5  | 3    | zero             | |
 * | 8  | 4    | payload length   | bytes |
 * | 12 | 4    | start            | start count of the node that wrote it |
 * | 16 | 8    | number           | dense over all records of this journal, from 1 |
 * | 24 | 8    | hard number      | how many hard records there are up to and including this one |
 * | 32 | 4    | payload checksum | CRC-32 |
 * | 36 | 4    | header checksum  | CRC-32 of bytes 0 to 35 |
 *
 * The header has a checksum of its own, so that a record with a damaged payload can still be told from bytes that
 * were never fully written; the hard number tells of records that are gone whether any of them mattered.
 */
import type { Crc32 } from '@callboard/client/protocol';
import { ByteReader, ByteWriter } from './bytes.ts';
import { readRecord, writeRecord } from './journal-payloads.ts';
import type { JournalRecord } from './journal-state.ts';
import { isHard } from './journal-state.ts';

export const frameHeaderBytes = 40;
const magic = 0x314a4243;
const kinds = ['base', 'births', 'states', 'deaths', 'document', 'closed', 'tails', 'memory-tails'] as const;

export interface FrameHead {
  readonly number: number;
  readonly hardNumber: number;
  readonly start: number;
  readonly hard: boolean;
}

export interface Frame extends FrameHead {
  readonly record: JournalRecord;
}

/** A frame whose header is sound and whose payload is not. */
export interface BrokenFrame extends FrameHead {
  readonly at: number;
}

export interface ParsedFile {
  readonly frames: readonly Frame[];
  readonly broken: readonly BrokenFrame[];
  /** There are unsound bytes behind the last sound frame. */
  readonly ragged: boolean;
}

export function encodeFrame(record: JournalRecord, head: Omit<FrameHead, 'hard'>, crc32: Crc32): Uint8Array {
  const writer = new ByteWriter();
  writer.raw(new Uint8Array(frameHeaderBytes));
  writeRecord(writer, record);
  const bytes = writer.finish();
  const payload = bytes.subarray(frameHeaderBytes);
  const header = new ByteWriter(frameHeaderBytes);
  header.u32(magic).u32(kinds.indexOf(record.kind)).u32(payload.byteLength).u32(head.start);
  header.u53(head.number).u53(head.hardNumber).u32(crc32(payload));
  header.u32(crc32(header.finish()));
  bytes.set(header.finish());
  return bytes;
}

type Step = { readonly head: FrameHead; readonly record: JournalRecord | undefined; readonly length: number };

/** The frame at `at`; undefined if there is no sound header. */
function readFrame(bytes: Uint8Array, at: number, crc32: Crc32): Step | undefined {
  if (bytes.byteLength - at < frameHeaderBytes) return undefined;
  const headerBytes = bytes.subarray(at, at + frameHeaderBytes);
  const header = new ByteReader(headerBytes);
  if (header.u32() !== magic) return undefined;
  const kind = kinds[header.u32()];
  const length = header.u32();
  const start = header.u32();
  const checksum = new DataView(bytes.buffer, bytes.byteOffset + at, frameHeaderBytes).getUint32(36, true);
  if (kind === undefined || crc32(headerBytes.subarray(0, 36)) !== checksum) return undefined;
  const number = header.u53();
  const head: FrameHead = {
    number,
    hardNumber: header.u53(),
    start,
    hard: kind !== 'tails' && kind !== 'memory-tails',
  };
  const payload = bytes.subarray(at + frameHeaderBytes, at + frameHeaderBytes + length);
  const whole = payload.byteLength === length && crc32(payload) === header.u32();
  if (!whole) return { head, record: undefined, length: frameHeaderBytes + length };
  const record = readRecord(kind, payload, start);
  return { head, record, length: frameHeaderBytes + length };
}

/**
 * Reads every sound frame of a file. Past an unsound place it looks for the next sound header byte by byte: one damaged
 * record must not hide those behind it.
 */
export function parseFile(bytes: Uint8Array, crc32: Crc32): ParsedFile {
  const frames: Frame[] = [];
  const broken: BrokenFrame[] = [];
  let at = 0;
  let end = 0;
  while (at < bytes.byteLength) {
    const step = readFrame(bytes, at, crc32);
    if (step?.record !== undefined) {
      if (isHard(step.record) !== step.head.hard) throw new Error('kind and record disagree');
      frames.push({ ...step.head, record: step.record });
      at += step.length;
      end = at;
      continue;
    }
    // A sound header can be trusted for its length, and what lies inside a damaged payload is not looked at.
    if (step !== undefined) broken.push({ ...step.head, at });
    at = step === undefined ? nextMagic(bytes, at + 1) : at + step.length;
  }
  return { frames, broken, ragged: end < bytes.byteLength };
}

function nextMagic(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0x43, from); at !== -1; at = bytes.indexOf(0x43, at + 1)) {
    if (bytes[at + 1] === 0x42 && bytes[at + 2] === 0x4a && bytes[at + 3] === 0x31) return at;
  }
  return bytes.byteLength;
}
