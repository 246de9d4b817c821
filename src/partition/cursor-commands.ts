/**
 * The commands that change cursors, as bodies of command chunks. Little endian; the first byte says which. There is exactly one form
 * of each, and replicas of one release read nothing else.
 *
 * - 1, take (HTTP): takers, the consumer, from, then counted: offsets to be given again, takes, noted takes.
 * - 2, attach (push): session, start, the consumer.
 * - 3, advances (push): count, then per advance the consumer, session, up to.
 * - 4, settlements (HTTP): takers, count, then per settlement the consumer, noted takes, returned takes, each counted.
 * - 5, attach that moves the cursor (push): as 2.
 * - 7 and 8, as 2 and 5 with the lowest session number of the consumer in front, where that is not 1.
 * - 6, forget: count, then per cursor the consumer, read position, lowest session that may attach.
 *
 * A consumer and a node are the length of their UTF-8 in two bytes, then the bytes. Takers are counted, each its node and start; a take
 * is the number of its taker among them in two bytes, then its call.
 */
import type { Settlement, TakeId, Taker } from './takes.ts';

/** Records for calls over HTTP: those that are to be given again, the lowest first, and then new ones from the read position on. */
export interface Take {
  readonly consumer: string;
  /** The read position that the taker saw. */
  readonly from: number;
  readonly again: readonly number[];
  /** Who gets them, in order: of `again` first; each further one takes the next new record. */
  readonly takes: readonly TakeId[];
  /** Settled on the way: earlier takes of this consumer whose answers were handed over. */
  readonly noted: readonly TakeId[];
}

/** A session of a pushed consumer takes the cursor over from every lower session. */
export interface Attach {
  readonly consumer: string;
  readonly session: number;
  /** The cursor of a consumer that has none, and of any with `reset`; `fromEnd`: where the log ends when this is applied. */
  readonly start: number;
  readonly reset: boolean;
  /** The lowest session number that is the consumer's own: a cursor of lower ones is that of a namesake that is gone. Absent: 1. */
  readonly since?: number;
}

/** Everything below `upTo` was delivered to that session, and is done. */
export interface Advance {
  readonly consumer: string;
  readonly session: number;
  readonly upTo: number;
}

/** The cursor of a consumer that is gone from the directory, as it stood then: what has moved since belongs to a namesake, and stays. */
export interface IdleCursor {
  readonly consumer: string;
  readonly at: number;
  readonly admits: number;
}

export type CursorCommand =
  | { readonly kind: 'take'; readonly take: Take }
  | { readonly kind: 'attach'; readonly attach: Attach }
  | { readonly kind: 'advances'; readonly advances: readonly Advance[] }
  | { readonly kind: 'settlements'; readonly settlements: readonly Settlement[] }
  | { readonly kind: 'forget'; readonly cursors: readonly IdleCursor[] };

/** As `Attach.start`: the end of the log. */
export const fromEnd: number = Number.MAX_SAFE_INTEGER;

const codes = {
  take: 1,
  attach: 2,
  advances: 3,
  settlements: 4,
  reset: 5,
  forget: 6,
  attachSince: 7,
  resetSince: 8,
} as const;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

class Writer {
  readonly #parts: Uint8Array[] = [];

  fixed(bytes: number, write: (view: DataView) => void): this {
    const part = new Uint8Array(bytes);
    write(new DataView(part.buffer));
    this.#parts.push(part);
    return this;
  }

  u8(value: number): this {
    return this.fixed(1, (view) => view.setUint8(0, value));
  }

  u16(value: number): this {
    return this.fixed(2, (view) => view.setUint16(0, value, true));
  }

  u64(value: number): this {
    return this.fixed(8, (view) => view.setBigUint64(0, BigInt(value), true));
  }

  name(text: string): this {
    const bytes = encoder.encode(text);
    this.u16(bytes.byteLength).#parts.push(bytes);
    return this;
  }

  takers(takers: readonly Taker[]): this {
    this.u16(takers.length);
    for (const { node, start } of takers) this.name(node).u64(start);
    return this;
  }

  takes(ids: readonly TakeId[], takers: TakerTable): this {
    this.u16(ids.length);
    for (const id of ids) this.u16(takers.numberOf(id)).u64(id.call);
    return this;
  }

  bytes(): Uint8Array {
    const whole = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.byteLength, 0));
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.byteLength;
    }
    return whole;
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.byteLength - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  name(): string {
    const length = this.u16();
    const at = this.#take(length);
    return decoder.decode(this.#bytes.subarray(at, at + length));
  }

  takers(): readonly Taker[] {
    return counted(this, () => ({ node: this.name(), start: this.u64() }));
  }

  takes(takers: readonly Taker[]): readonly TakeId[] {
    return counted(this, () => {
      const taker = takers[this.u16()];
      if (taker === undefined) throw new RangeError('a take names a taker that is not there');
      return { ...taker, call: this.u64() };
    });
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (this.left < bytes) throw new RangeError('a cursor command ends too soon');
    this.#at += bytes;
    return at;
  }
}

/** The takers of a command, each once, in the order in which they first appear. */
class TakerTable {
  readonly takers: Taker[] = [];

  constructor(ids: Iterable<TakeId>) {
    for (const { node, start } of ids) if (this.#find(node, start) < 0) this.takers.push({ node, start });
  }

  numberOf({ node, start }: TakeId): number {
    return this.#find(node, start);
  }

  #find(node: string, start: number): number {
    return this.takers.findIndex((taker) => taker.start === start && taker.node === node);
  }
}

function attachCode({ reset, since }: Attach): number {
  if (since === undefined) return reset ? codes.reset : codes.attach;
  return reset ? codes.resetSince : codes.attachSince;
}

export function encodeCursorCommand(command: CursorCommand): Uint8Array {
  const writer = new Writer().u8(
    command.kind === 'attach' ? attachCode(command.attach) : codes[command.kind],
  );
  switch (command.kind) {
    case 'take': {
      const { consumer, from, again, takes, noted } = command.take;
      const takers = new TakerTable([...takes, ...noted]);
      writer.takers(takers.takers).name(consumer).u64(from).u16(again.length);
      for (const offset of again) writer.u64(offset);
      writer.takes(takes, takers).takes(noted, takers);
      break;
    }
    case 'attach': {
      const { consumer, session, start, since } = command.attach;
      if (since !== undefined) writer.u64(since);
      writer.u64(session).u64(start).name(consumer);
      break;
    }
    case 'advances':
      writer.u16(command.advances.length);
      for (const { consumer, session, upTo } of command.advances) {
        writer.name(consumer).u64(session).u64(upTo);
      }
      break;
    case 'forget':
      writer.u16(command.cursors.length);
      for (const { consumer, at, admits } of command.cursors) writer.name(consumer).u64(at).u64(admits);
      break;
    case 'settlements': {
      const { settlements } = command;
      const takers = new TakerTable(settlements.flatMap(({ noted, returned }) => [...noted, ...returned]));
      writer.takers(takers.takers).u16(settlements.length);
      for (const { consumer, noted, returned } of settlements) {
        writer.name(consumer).takes(noted, takers).takes(returned, takers);
      }
      break;
    }
  }
  return writer.bytes();
}

/** Throws a RangeError on anything that `encodeCursorCommand` does not write. */
export function decodeCursorCommand(bytes: Uint8Array): CursorCommand {
  const reader = new Reader(bytes);
  const command = decodeBody(reader.u8(), reader);
  if (reader.left > 0) throw new RangeError(`a cursor command has ${reader.left} bytes too many`);
  return command;
}

function decodeBody(code: number, reader: Reader): CursorCommand {
  switch (code) {
    case codes.take: {
      const takers = reader.takers();
      const consumer = reader.name();
      const from = reader.u64();
      const again = counted(reader, () => reader.u64());
      const takes = reader.takes(takers);
      return { kind: 'take', take: { consumer, from, again, takes, noted: reader.takes(takers) } };
    }
    case codes.attach:
    case codes.reset:
    case codes.attachSince:
    case codes.resetSince: {
      const since = code === codes.attachSince || code === codes.resetSince ? { since: reader.u64() } : {};
      const session = reader.u64();
      const start = reader.u64();
      const reset = code === codes.reset || code === codes.resetSince;
      const attach = { consumer: reader.name(), session, start, reset, ...since };
      return { kind: 'attach', attach };
    }
    case codes.advances: {
      const advances = counted(reader, () => ({
        consumer: reader.name(),
        session: reader.u64(),
        upTo: reader.u64(),
      }));
      return { kind: 'advances', advances };
    }
    case codes.settlements: {
      const takers = reader.takers();
      const settlements = counted(reader, () => ({
        consumer: reader.name(),
        noted: reader.takes(takers),
        returned: reader.takes(takers),
      }));
      return { kind: 'settlements', settlements };
    }
    case codes.forget: {
      const cursors = counted(reader, () => ({
        consumer: reader.name(),
        at: reader.u64(),
        admits: reader.u64(),
      }));
      return { kind: 'forget', cursors };
    }
    default:
      throw new RangeError(`not a cursor command: ${code}`);
  }
}

function counted<T>(reader: Reader, one: () => T): readonly T[] {
  return Array.from({ length: reader.u16() }, one);
}
