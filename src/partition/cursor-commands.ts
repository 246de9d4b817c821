/**
 * The commands that change cursors, as bodies of command chunks. Little endian; the first byte says which. There is exactly one form
 * of each, and replicas of one release read nothing else.
 *
 * - 1, moves (HTTP): count, then per move the consumer, from, to.
 * - 2, attach (push): session, start, flags (1: reset), the consumer.
 * - 3, advances (push): count, then per advance the consumer, session, up to.
 *
 * A consumer is the length of its UTF-8 in two bytes, then the bytes.
 */

/** Taken over HTTP: from the cursor that the mover saw to another, which is higher. */
export interface CursorMove {
  readonly consumer: string;
  readonly from: number;
  readonly to: number;
}

/** A session of a pushed consumer takes the cursor over from every lower session. */
export interface Attach {
  readonly consumer: string;
  readonly session: number;
  /** The cursor of a consumer that has none, and of any with `reset`; `fromEnd`: where the log ends when this is applied. */
  readonly start: number;
  readonly reset: boolean;
}

/** Everything below `upTo` was delivered to that session, and is done. */
export interface Advance {
  readonly consumer: string;
  readonly session: number;
  readonly upTo: number;
}

export type CursorCommand =
  | { readonly kind: 'moves'; readonly moves: readonly CursorMove[] }
  | { readonly kind: 'attach'; readonly attach: Attach }
  | { readonly kind: 'advances'; readonly advances: readonly Advance[] };

/** As `Attach.start`: the end of the log. */
export const fromEnd: number = Number.MAX_SAFE_INTEGER;

const codes = { moves: 1, attach: 2, advances: 3 } as const;
const resetFlag = 1;
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

  #take(bytes: number): number {
    const at = this.#at;
    if (this.left < bytes) throw new RangeError('a cursor command ends too soon');
    this.#at += bytes;
    return at;
  }
}

export function encodeCursorCommand(command: CursorCommand): Uint8Array {
  const writer = new Writer().u8(codes[command.kind]);
  switch (command.kind) {
    case 'moves':
      writer.u16(command.moves.length);
      for (const { consumer, from, to } of command.moves) writer.name(consumer).u64(from).u64(to);
      break;
    case 'attach': {
      const { consumer, session, start, reset } = command.attach;
      writer
        .u64(session)
        .u64(start)
        .u8(reset ? resetFlag : 0)
        .name(consumer);
      break;
    }
    case 'advances':
      writer.u16(command.advances.length);
      for (const { consumer, session, upTo } of command.advances) {
        writer.name(consumer).u64(session).u64(upTo);
      }
      break;
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
    case codes.moves: {
      const moves = counted(reader, () => ({
        consumer: reader.name(),
        from: reader.u64(),
        to: reader.u64(),
      }));
      return { kind: 'moves', moves };
    }
    case codes.attach: {
      const session = reader.u64();
      const start = reader.u64();
      const flags = reader.u8();
      if (flags > resetFlag) throw new RangeError(`an attach has the unknown flags ${flags}`);
      return {
        kind: 'attach',
        attach: { consumer: reader.name(), session, start, reset: flags === resetFlag },
      };
    }
    case codes.advances: {
      const advances = counted(reader, () => ({
        consumer: reader.name(),
        session: reader.u64(),
        upTo: reader.u64(),
      }));
      return { kind: 'advances', advances };
    }
    default:
      throw new RangeError(`not a cursor command: ${code}`);
  }
}

function counted<T>(reader: Reader, one: () => T): readonly T[] {
  return Array.from({ length: reader.u16() }, one);
}
