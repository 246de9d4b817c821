/**
 * Consumers' cursors (SEMANTICS S8, S11): one per (consumer, partition), replicated with the records.
 *
 * A move names where it starts, so a move that was decided on an older state changes nothing: a cursor never goes back
 * and never passes a record that its owner did not take.
 */
export interface CursorMove {
  readonly consumer: string;
  /** The cursor that the mover saw. */
  readonly from: number;
  readonly to: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const cursorCommand = 1;
const fixedBytes = 2 + 8 + 8;

/** The body of a command chunk: type 1, count, then per move the consumer's length and UTF-8, from, to (little endian). */
export function encodeCursorMoves(moves: readonly CursorMove[]): Uint8Array {
  const names = moves.map((move) => encoder.encode(move.consumer));
  const bytes = new Uint8Array(3 + names.reduce((sum, name) => sum + fixedBytes + name.byteLength, 0));
  const view = new DataView(bytes.buffer);
  view.setUint8(0, cursorCommand);
  view.setUint16(1, moves.length, true);
  let at = 3;
  for (const [i, move] of moves.entries()) {
    const name = names[i] ?? new Uint8Array(0);
    view.setUint16(at, name.byteLength, true);
    bytes.set(name, at + 2);
    at += 2 + name.byteLength;
    view.setBigUint64(at, BigInt(move.from), true);
    view.setBigUint64(at + 8, BigInt(move.to), true);
    at += 16;
  }
  return bytes;
}

/** Throws a RangeError on anything that `encodeCursorMoves` does not write. */
export function decodeCursorMoves(bytes: Uint8Array): readonly CursorMove[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 3 || view.getUint8(0) !== cursorCommand) {
    throw new RangeError('not a cursor command');
  }
  const moves: CursorMove[] = [];
  let at = 3;
  for (let n = view.getUint16(1, true); n > 0; n -= 1) {
    const length = view.getUint16(at, true);
    const consumer = decoder.decode(bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
    moves.push({
      consumer,
      from: Number(view.getBigUint64(at, true)),
      to: Number(view.getBigUint64(at + 8, true)),
    });
    at += 16;
  }
  if (at !== bytes.byteLength) {
    throw new RangeError(`a cursor command has ${bytes.byteLength - at} bytes too many`);
  }
  return moves;
}

export class CursorTable {
  readonly #cursors = new Map<string, number>();

  get size(): number {
    return this.#cursors.size;
  }

  has(consumer: string): boolean {
    return this.#cursors.has(consumer);
  }

  /** The next offset to be read; 0 for a consumer that has read nothing yet. */
  of(consumer: string): number {
    return this.#cursors.get(consumer) ?? 0;
  }

  /** False: the cursor was elsewhere, or the move is not forward within the log; nothing changed. */
  apply(move: CursorMove, end: number): boolean {
    if (this.of(move.consumer) !== move.from || move.to <= move.from || move.to > end) return false;
    this.#cursors.set(move.consumer, move.to);
    return true;
  }

  *describe(): Generator<string> {
    for (const [consumer, cursor] of this.#cursors) yield `${consumer} ${cursor}`;
  }
}
