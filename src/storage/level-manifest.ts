/**
 * Which tables a LevelDB database consists of, from its manifest: a log of edits in blocks of 32 KiB. A directory also holds tables that
 * a process left unfinished as it died, and those may be anything.
 */
import { readVarint } from './level-block.ts';

export interface LiveTable {
  readonly number: number;
  readonly bytes: number;
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

const blockBytes = 32_768;
const headerBytes = 7;
const recordTypes = { full: 1, first: 2, middle: 3, last: 4 } as const;

/** The records of a LevelDB log, joined over blocks; up to the first that is not whole. Checksums are LevelDB's to check as it opens. */
function* records(log: Uint8Array): Generator<Uint8Array> {
  let parts: Uint8Array[] = [];
  for (let at = 0; at + headerBytes <= log.length;) {
    const left = blockBytes - (at % blockBytes);
    if (left < headerBytes) {
      at += left;
      continue;
    }
    const length = (log[at + 4] as number) + (log[at + 5] as number) * 256;
    const type = log[at + 6] as number;
    const from = at + headerBytes;
    const to = from + length;
    if (type < recordTypes.full || type > recordTypes.last) return;
    if (to > log.length || headerBytes + length > left) return;
    if (type === recordTypes.full || type === recordTypes.first) parts = [];
    parts.push(log.subarray(from, to));
    if (type === recordTypes.full || type === recordTypes.last) yield joined(parts);
    at = to;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

class EditReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  number(): number {
    const { value, next } = readVarint(this.#bytes, this.#at, this.#bytes.length);
    if (next < 0) throw new RangeError('a number is cut short');
    this.#at = next;
    return value;
  }

  text(): Uint8Array {
    const length = this.number();
    const from = this.#at;
    if (from + length > this.#bytes.length) throw new RangeError('a text is cut short');
    this.#at = from + length;
    return this.#bytes.slice(from, this.#at);
  }
}

const tags = {
  comparator: 1,
  logNumber: 2,
  nextFile: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLog: 9,
} as const;

/** By level and number: a table that is moved to another level is deleted and added in one edit. */
function apply(edit: EditReader, tables: Map<string, LiveTable>): void {
  const added = new Map<string, LiveTable>();
  while (!edit.done) {
    const tag = edit.number();
    switch (tag) {
      case tags.comparator:
        edit.text();
        break;
      case tags.logNumber:
      case tags.nextFile:
      case tags.lastSequence:
      case tags.previousLog:
        edit.number();
        break;
      case tags.compactPointer:
        edit.number();
        edit.text();
        break;
      case tags.deletedFile:
        tables.delete(`${String(edit.number())}/${String(edit.number())}`);
        break;
      case tags.newFile: {
        const level = edit.number();
        const table = { number: edit.number(), bytes: edit.number(), first: edit.text(), last: edit.text() };
        added.set(`${String(level)}/${String(table.number)}`, table);
        break;
      }
      default:
        throw new RangeError(`an edit has the unknown tag ${String(tag)}`);
    }
  }
  for (const [key, table] of added) tables.set(key, table);
}

/** Undefined: it cannot be read, and LevelDB will say so. */
export function liveTables(manifest: Uint8Array): readonly LiveTable[] | undefined {
  const tables = new Map<string, LiveTable>();
  try {
    for (const record of records(manifest)) apply(new EditReader(record), tables);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return [...tables.values()];
}
