/**
 * The body of a chunk of kind `records`: its records one after the other, all numbers little-endian.
 *
 * | size | field |
 * |------|-------|
 * | 4    | length in bytes of what follows |
 * | 4    | timestamp delta, ms, from the chunk's first timestamp |
 * | 4    | key length, -1: no key |
 * |      | key |
 * | 2    | header count |
 * |      | per header: u16 name length, name (UTF-8), u32 value length, value |
 * |      | value: the rest |
 *
 * Written by producers and read by consumers; brokers never look inside.
 */
import { WireError } from './errors.ts';
import { isUtf8 } from './utf8.ts';

export interface RecordHeader {
  readonly name: string;
  readonly value: Uint8Array;
}

/** Decoded bytes are views into the body. */
export interface RecordData {
  readonly timestampDelta: number;
  readonly key: Uint8Array | undefined;
  readonly headers: readonly RecordHeader[];
  readonly value: Uint8Array;
}

const leastRecordBytes = 4 + 4 + 2;
const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function bad(detail: string): WireError {
  return new WireError('frame_invalid', detail);
}

/** Bytes that a record takes in a body, its length field included. */
export function recordBytes(record: RecordData): number {
  let bytes = 4 + leastRecordBytes + (record.key?.byteLength ?? 0) + record.value.byteLength;
  for (const header of record.headers) {
    bytes += 6 + utf8Encoder.encode(header.name).byteLength + header.value.byteLength;
  }
  return bytes;
}

/** The body of these records. Throws RangeError for what has no place in the format. */
export function encodeRecords(records: readonly RecordData[]): Uint8Array {
  const body = new Uint8Array(records.reduce((total, record) => total + recordBytes(record), 0));
  const view = new DataView(body.buffer);
  let at = 0;
  for (const record of records) at = writeRecord(body, view, at, record);
  return body;
}

function writeRecord(body: Uint8Array, view: DataView, start: number, record: RecordData): number {
  if (record.timestampDelta >>> 0 !== record.timestampDelta) {
    throw new RangeError('a timestamp delta must fit 32 bits');
  }
  if (record.headers.length > 0xffff) throw new RangeError('a record has at most 65535 headers');
  view.setUint32(start + 4, record.timestampDelta, true);
  view.setInt32(start + 8, record.key?.byteLength ?? -1, true);
  let at = start + 12;
  if (record.key !== undefined) {
    body.set(record.key, at);
    at += record.key.byteLength;
  }
  view.setUint16(at, record.headers.length, true);
  at += 2;
  for (const header of record.headers) {
    const name = utf8Encoder.encode(header.name);
    if (name.byteLength > 0xffff) throw new RangeError('a header name has at most 65535 bytes');
    view.setUint16(at, name.byteLength, true);
    body.set(name, at + 2);
    at += 2 + name.byteLength;
    view.setUint32(at, header.value.byteLength, true);
    body.set(header.value, at + 4);
    at += 4 + header.value.byteLength;
  }
  body.set(record.value, at);
  at += record.value.byteLength;
  view.setUint32(start, at - start - 4, true);
  return at;
}

/** All records of a body; there must be exactly `count`. Throws WireError. */
export function decodeRecords(body: Uint8Array, count: number): RecordData[] {
  const records: RecordData[] = [];
  walkRecords(body, count, (view, start, end) => records.push(readRecord(body, view, start, end)));
  return records;
}

/** Throws what `decodeRecords` would throw, and makes nothing of the records. */
export function checkRecords(body: Uint8Array, count: number): void {
  walkRecords(body, count, undefined);
}

function walkRecords(
  body: Uint8Array,
  count: number,
  sound: ((view: DataView, start: number, end: number) => void) | undefined,
): void {
  // The shortest record bounds the count, so a false count cannot make this allocate.
  if (count * (4 + leastRecordBytes) > body.byteLength) {
    throw bad(`${count} records in ${body.byteLength} bytes`);
  }
  const view = viewOf(body);
  let at = 0;
  for (let n = 0; n < count; n += 1) {
    const end = endOfRecord(view, at, n);
    checkRecord(body, view, at + 4, end, n);
    sound?.(view, at + 4, end);
    at = end;
  }
  if (at !== body.byteLength) throw bad(`${body.byteLength - at} bytes after the last record`);
}

/** Record `n` of a body, from 0; skips the ones before it by their lengths. Throws WireError. */
export function recordAt(body: Uint8Array, n: number): RecordData {
  const view = viewOf(body);
  let at = 0;
  for (let before = 0; before < n; before += 1) at = endOfRecord(view, at, before);
  const end = endOfRecord(view, at, n);
  checkRecord(body, view, at + 4, end, n);
  return readRecord(body, view, at + 4, end);
}

function viewOf(body: Uint8Array): DataView {
  return new DataView(body.buffer, body.byteOffset, body.byteLength);
}

function endOfRecord(view: DataView, at: number, n: number): number {
  if (at + 4 > view.byteLength) throw bad(`the body ends before record ${n}`);
  const length = view.getUint32(at, true);
  if (length < leastRecordBytes || length > view.byteLength - at - 4) {
    throw bad(`record ${n} has length ${length}`);
  }
  return at + 4 + length;
}

/** Checks between `start` and `end`, which lie within the body and at least `leastRecordBytes` apart. */
function checkRecord(body: Uint8Array, view: DataView, start: number, end: number, n: number): void {
  const keyLength = view.getInt32(start + 4, true);
  let at = start + 8;
  if (keyLength < -1 || keyLength > end - at - 2) throw bad(`record ${n} has key length ${keyLength}`);
  at += Math.max(keyLength, 0);
  const headerCount = view.getUint16(at, true);
  at += 2;
  if (headerCount * 6 > end - at) throw bad(`record ${n} has ${headerCount} headers`);
  for (let i = 0; i < headerCount; i += 1) {
    const nameAt = at + 2;
    if (nameAt > end) throw bad(`record ${n} ends in header ${i}`);
    const valueAt = nameAt + view.getUint16(at, true) + 4;
    if (valueAt > end) throw bad(`record ${n} ends in header ${i}`);
    const valueLength = view.getUint32(valueAt - 4, true);
    if (valueLength > end - valueAt) throw bad(`record ${n} ends in header ${i}`);
    if (!isUtf8(body, nameAt, valueAt - 4)) throw bad(`record ${n} has a header name that is not UTF-8`);
    at = valueAt + valueLength;
  }
}

/** Reads what `checkRecord` has let through. */
function readRecord(body: Uint8Array, view: DataView, start: number, end: number): RecordData {
  const timestampDelta = view.getUint32(start, true);
  const keyLength = view.getInt32(start + 4, true);
  let at = start + 8;
  const key = keyLength < 0 ? undefined : body.subarray(at, at + keyLength);
  at += Math.max(keyLength, 0);
  const headers: RecordHeader[] = [];
  const headerCount = view.getUint16(at, true);
  at += 2;
  for (let i = 0; i < headerCount; i += 1) {
    const valueAt = at + 2 + view.getUint16(at, true) + 4;
    const name = utf8Decoder.decode(body.subarray(at + 2, valueAt - 4));
    at = valueAt + view.getUint32(valueAt - 4, true);
    headers.push({ name, value: body.subarray(valueAt, at) });
  }
  return { timestampDelta, key, headers, value: body.subarray(at, end) };
}
