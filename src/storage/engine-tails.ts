/**
 * Each engine batch carries its own tail record, under its sequence. So the engine can fill in for tail records that
 * the journal had not synced when the power went, and a batch that vanished from the engine leaves a gap that shows.
 * They are deleted once the journal has them safely; the newest one always stays, to show where the engine ends.
 *
 * The value also names the start that wrote it and how many hard records the journal had: a journal that knows of
 * fewer has been put back to an older copy.
 */
import type { Crc32 } from '@callboard/client/protocol';
import { ByteReader, ByteWriter } from './bytes.ts';
import type { Engine } from './engine.ts';
import { readTails, writeTails } from './journal-payloads.ts';
import type { TailRecord } from './journal-state.ts';
import { identityKey, lastTailKey, numberOf, tailKey } from './keys.ts';

export interface EngineTail {
  readonly start: number;
  readonly hardNumber: number;
  readonly record: TailRecord;
}

export function encodeEngineTail(tail: EngineTail, crc32: Crc32): Uint8Array {
  const writer = new ByteWriter().u32(tail.start).u53(tail.hardNumber);
  writeTails(writer, tail.record);
  const checksum = crc32(writer.finish());
  return writer.u32(checksum).finish();
}

export function decodeEngineTail(bytes: Uint8Array, sequence: number, crc32: Crc32): EngineTail | undefined {
  if (bytes.byteLength < 4) return undefined;
  const body = bytes.subarray(0, bytes.byteLength - 4);
  try {
    if (new ByteReader(bytes.subarray(body.byteLength)).u32() !== crc32(body)) return undefined;
    const reader = new ByteReader(body);
    const tail: EngineTail = { start: reader.u32(), hardNumber: reader.u53(), record: readTails(reader) };
    reader.end();
    return tail.record.sequence === sequence ? tail : undefined;
  } catch {
    return undefined;
  }
}

/** Where the engine says that it stands. */
export interface EngineFindings {
  /** False: some of this could not be read. */
  readonly readable: boolean;
  readonly tails: ReadonlyMap<number, EngineTail>;
  /** Sequences of tail records that are there but unsound. */
  readonly unsound: readonly number[];
  /** Keys of all tail records, sound or not, to be deleted once the journal has them. */
  readonly tailKeys: readonly Uint8Array[];
  /** Id of the journal it belongs to; undefined if that is missing or unsound. */
  readonly identity: string | undefined;
  readonly empty: boolean;
}

export function encodeIdentity(journalId: string, crc32: Crc32): Uint8Array {
  const writer = new ByteWriter().text(journalId);
  const checksum = crc32(writer.finish());
  return writer.u32(checksum).finish();
}

function decodeIdentity(bytes: Uint8Array, crc32: Crc32): string | undefined {
  try {
    const reader = new ByteReader(bytes);
    const text = reader.text();
    const checksum = reader.u32();
    reader.end();
    return checksum === crc32(bytes.subarray(0, bytes.byteLength - 4)) ? text : undefined;
  } catch {
    return undefined;
  }
}

const pageEntries = 4_096;
const pageBytes = 1 << 20;

export function readEngineFindings(
  engine: Engine,
  crc32: Crc32,
  done: (found: EngineFindings) => void,
): void {
  const tails = new Map<number, EngineTail>();
  const tailKeys: Uint8Array[] = [];
  const unsound: number[] = [];
  let readable = true;
  const finish = (identity: string | undefined): void => {
    engine.scan(
      {
        from: Uint8Array.of(0),
        to: Uint8Array.of(0xff),
        reverse: false,
        limit: 1,
        maxBytes: 1,
        values: false,
      },
      (error, first) => {
        if (error !== undefined) readable = false;
        done({ readable, tails, unsound, tailKeys, identity, empty: readable && first.length === 0 });
      },
    );
  };
  const readIdentity = (): void => {
    engine.get(identityKey, (error, value) => {
      if (error !== undefined) readable = false;
      finish(value === undefined ? undefined : decodeIdentity(value, crc32));
    });
  };
  const page = (from: Uint8Array): void => {
    const range = {
      from,
      to: lastTailKey,
      reverse: false,
      limit: pageEntries,
      maxBytes: pageBytes,
      values: true,
    };
    engine.scan(range, (error, entries) => {
      if (error !== undefined) readable = false;
      for (const { key, value } of entries) {
        tailKeys.push(key);
        const sequence = numberOf(key);
        const tail = sequence === undefined ? undefined : decodeEngineTail(value, sequence, crc32);
        if (tail !== undefined) tails.set(tail.record.sequence, tail);
        else unsound.push(sequence ?? Infinity);
      }
      const last = entries.at(-1);
      if (last === undefined) readIdentity();
      else page(Uint8Array.of(...last.key, 0));
    });
  };
  page(tailKey(0));
}
